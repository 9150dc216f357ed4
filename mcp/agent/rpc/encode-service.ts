import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type EdgeEffect, pendingEffects } from "@metacircular/mcp-core/edge/effect.ts";
import { isDrift } from "@metacircular/mcp-core/drift.ts";
import type { Repair } from "@metacircular/mcp-core/repair.ts";
import { containerName } from "@metacircular/mcp-core/names.ts";
import type {
  ComponentInfoSchema,
  DriftInfoSchema,
  EventInfoSchema,
  PendingEffectSchema,
  ServiceInfoSchema,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { isOutdated } from "../deploy/deployed.ts";
import type { ComponentRecord } from "../registry/component-record.ts";
import type { StateEvent } from "../registry/events.ts";
import { currentSight, type TagSight } from "../registry/tags.ts";
import { encodeOperation, encodePending } from "./encode-operation.ts";
import { encodeRepair } from "./encode-repair.ts";
import type { RpcContext } from "./rpc-context.ts";

type ServiceInfo = MessageInitShape<typeof ServiceInfoSchema>;

/** Services as the registry holds them, each with the operation that works on it. */
export function encodeServices(
  { registry, reconciler }: Pick<RpcContext, "registry" | "reconciler">,
  only = "",
): ServiceInfo[] {
  const components = Map.groupBy(registry.components.all(), (component) => component.service);
  const operations = new Map(
    registry.operations.unfinished().map((operation) => [operation.service, operation]),
  );
  const effects = registry.edge.all();
  const repairs = Map.groupBy(registry.repairs.all(), (repair) => repair.service);
  return registry.services
    .names()
    .filter((name) => only === "" || name === only)
    .map((name) => {
      const operation = operations.get(name);
      const repairOf = (component: string) =>
        repairs.get(name)?.find((repair) => repair.component === component);
      return {
        name,
        active: registry.services.isActive(name) ?? false,
        components: (components.get(name) ?? []).map((component) =>
          encodeComponent(component, {
            repair: repairOf(component.spec.name),
            effects,
            sight: currentSight(component, registry.tags),
          }),
        ),
        reconcile: reconciler.isEnabled(name),
        ...(operation === undefined ? {} : { operation: encodeOperation(operation) }),
      };
    });
}

function encodeComponent(
  component: ComponentRecord,
  {
    repair,
    effects,
    sight,
  }: { repair: Repair | undefined; effects: readonly EdgeEffect[]; sight: TagSight | undefined },
): MessageInitShape<typeof ComponentInfoSchema> {
  const { service, spec, desired, hostPorts, version, imageDigest, observed } = component;
  return {
    name: spec.name,
    image: spec.image,
    desiredState: desired,
    observedState: observed.state,
    version,
    ...optionalTime("started", observed.startedAtMs),
    container: containerName(service, spec.name),
    imageDigest,
    routes: spec.routes.map((route) => ({ ...route, hostPort: hostPorts[route.name] ?? 0 })),
    ...optionalTime("observed", observed.atMs),
    observedFrom: observed.from,
    ...(observed.exitCode === undefined ? {} : { exitCode: observed.exitCode }),
    ports: [...spec.ports],
    outdated: isOutdated(component),
    ...encodeRepair(repair),
    ...encodeTag(sight),
    pending: encodePendingEffects(
      effects.filter((effect) => effect.service === service && effect.component === spec.name),
    ),
  };
}

function encodeTag(sight: TagSight | undefined): Pick<MessageInitShape<typeof ComponentInfoSchema>, "tag"> {
  if (sight === undefined) return {};
  const { moved, digest, runningDigest, error } = sight;
  return {
    tag: {
      ...{ moved, digest, runningDigest, error },
      ...optionalTime("checked", sight.checkedAtMs),
      ...optionalTime("movedSince", sight.movedSinceMs),
      ...optionalTime("failed", sight.failedAtMs),
    },
  };
}

/** Of these, those that are not as they should be. */
export function encodePendingEffects(
  effects: readonly EdgeEffect[],
): MessageInitShape<typeof PendingEffectSchema>[] {
  return effects.flatMap(({ service, component, ...effect }) =>
    pendingEffects([{ ...effect, service, component }]).map((pending) =>
      encodePending(pending, { service, component }),
    ),
  );
}

function optionalTime<Key extends string>(key: Key, timeMs: number): Partial<Record<Key, Timestamp>> {
  return timeMs === 0 ? {} : ({ [key]: timestampFromMs(timeMs) } as Record<Key, Timestamp>);
}

export function encodeDrift(
  components: readonly ComponentRecord[],
): MessageInitShape<typeof DriftInfoSchema>[] {
  return components
    .filter(({ desired, observed }) => isDrift(desired, observed.state))
    .map(({ service, spec, desired, observed }) => ({
      service,
      component: spec.name,
      desiredState: desired,
      observedState: observed.state,
    }));
}

export function encodeEvent(event: StateEvent): MessageInitShape<typeof EventInfoSchema> {
  return {
    service: event.service,
    component: event.component,
    prevState: event.previous,
    newState: event.next,
    timestamp: timestampFromMs(event.atMs),
  };
}
