import type { DesiredState, ObservedState } from "@metacircular/mcp-core/spec.ts";
import { explainsDrift, type Repair } from "@metacircular/mcp-core/repair.ts";
import { isDrift } from "@metacircular/mcp-core/drift.ts";
import type { AlertDesk } from "../monitor/alert-desk.ts";

/** Tells the alert desk of a crash loop or of a repair that was given up, and of their end. May be said again and
 * again.
 * @param about what was observed of the component last */
export function announceRepair(
  repair: Repair | undefined,
  about: { service: string; component: string; desired: DesiredState; state: ObservedState },
  { alerts, atMs }: { alerts: Pick<AlertDesk, "raise" | "recover">; atMs: number },
): void {
  const { service, component, desired, state } = about;
  if (repair === undefined) {
    // Nothing is known of what cannot be seen.
    if (isDrift(desired, state) || state === "unknown") return;
    alerts.recover(service, component, ["crash-loop", "gave-up"], atMs);
    return;
  }
  const facts = { atMs, service, component, desired, observed: state, previous: state, transitions: 0 };
  if (repair.cause === "crash-loop" && explainsDrift(repair)) alerts.raise({ ...facts, type: "crash-loop" });
  if (repair.state === "given-up") alerts.raise({ ...facts, type: "gave-up" });
}
