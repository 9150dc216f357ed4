import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { SeenCertificate } from "@metacircular/mcp-core/edge/edge-input.ts";
import type { EdgeEffect } from "@metacircular/mcp-core/edge/effect.ts";
import { edgeTroubles } from "@metacircular/mcp-core/edge/pending-alerts.ts";
import type { AlertDesk } from "../monitor/alert-desk.ts";
import type { Registry } from "../registry/registry.ts";

/** Tells the alert desk what has been pending for too long, and what is not. May be said again and again. */
export function announceEdge(
  effects: readonly EdgeEffect[],
  certificates: ReadonlyMap<string, SeenCertificate>,
  parts: {
    readonly registry: Registry;
    readonly alerts: Pick<AlertDesk, "raise" | "recover">;
    readonly clock: Clock;
  },
): void {
  const { registry, alerts, clock } = parts;
  const atMs = clock.now();
  for (const { service, spec, desired, observed } of registry.components.all()) {
    if (desired === "ignore") continue;
    const own = effects.filter((effect) => effect.service === service && effect.component === spec.name);
    const troubles = edgeTroubles(own, certificates, atMs);
    const { state } = observed;
    for (const type of ["edge", "certificate"] as const) {
      if (!troubles.has(type)) alerts.recover(service, spec.name, [type], atMs);
      else {
        const facts = { desired, observed: state, previous: state, transitions: 0 };
        alerts.raise({ ...facts, type, atMs, service, component: spec.name });
      }
    }
  }
}
