import { plan } from "@metacircular/mcp-core/plan.ts";
import type { EffectKey } from "@metacircular/mcp-core/edge/effect.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import { observedContainers } from "../deploy/observed-containers.ts";
import type { Registry } from "../registry/registry.ts";
import type { Container } from "../runtime/runtime.ts";
import { claimsOfOthers } from "./claims.ts";
import type { Edge, EdgeSight } from "./edge.ts";

/** A service whose edge is not as it should be, and can be brought there now. */
export interface ServiceDrift {
  readonly service: string;
  /** What the authority is to be asked for, or anything else. */
  readonly has: { readonly certificates: boolean; readonly others: boolean };
}

/** Compares what was last asked for with what there is, by the planner. What differs though it was set is written down
 * as pending, so that it is seen until it is repaired. A service of which nothing can be repaired now, since nobody
 * answers, is left out. */
export function findDrift(seen: {
  edge: Edge;
  registry: Registry;
  sight: EdgeSight;
  containers: readonly Container[];
  nowMs: number;
  /** An operation is at work on it: what is seen of it may be out of date already. */
  isBusy: (service: string) => boolean;
}): ServiceDrift[] {
  const { edge, registry, sight, containers, nowMs, isBusy } = seen;
  const { settings } = edge;
  const effects = registry.edge.all();
  const services = [...new Set(effects.map(({ service }) => service))];
  return services.flatMap((service) => {
    const steps = plan({
      intent: { kind: "edge", service },
      operationId: "",
      startedAtMs: nowMs,
      registered: registry.service(service),
      observed: observedContainers(service, containers),
      imageIds: new Map(),
      freshPorts: new Map(),
      resumed: false,
      newestRevisionHash: "",
      revisions: [],
      taken: new Set(),
      edge: { ...sight, settings, nowMs, effects, others: claimsOfOthers(service, registry, settings.zone) },
    });
    const possible = steps.filter((step) => canBeDone(step, sight));
    if (!isBusy(service)) for (const step of possible) noteDrift(step, registry, nowMs);
    const certificates = possible.some(isForAuthority);
    const others = !possible.every(isForAuthority);
    return possible.length === 0 ? [] : [{ service, has: { certificates, others } }];
  });
}

function isForAuthority({ kind }: Step): boolean {
  return kind === "provision-certificate";
}

/** False for steps that only make sense with others. */
function canBeDone(step: Step, { routes, records }: EdgeSight): boolean {
  switch (step.kind) {
    case "register-route":
    case "remove-route":
      return routes !== undefined;
    case "set-dns":
    case "remove-dns":
      return records !== undefined;
    case "provision-certificate":
    case "remove-certificate":
      return true;
    default:
      return false;
  }
}

function noteDrift(step: Step, { edge }: Registry, nowMs: number): void {
  const found = differenceOf(step);
  const known = found && edge.get(found.key);
  if (known === undefined || known.pending !== undefined) return;
  const { reason } = found ?? { reason: "" };
  edge.record({ ...known, pending: { code: "EDGE_DRIFT", reason, sinceMs: nowMs, attempts: 0 } });
}

function differenceOf(step: Step): { key: EffectKey; reason: string } | undefined {
  switch (step.kind) {
    case "register-route":
      return {
        key: { ...step, kind: "route" },
        reason: "the proxy has no such route, or one that leads elsewhere",
      };
    case "set-dns":
      return {
        key: { kind: "dns", port: 0, hostname: step.hostname },
        reason: "the name server has no such record, or another address",
      };
    case "provision-certificate":
      return {
        key: { kind: "certificate", port: 0, hostname: step.hostname },
        reason: "the certificate is missing, or has to be renewed",
      };
    default:
      return undefined;
  }
}
