import type { ComponentChange } from "./plan-changes.ts";
import type { RegisteredService } from "./registered.ts";
import type { ServiceSpec } from "./spec.ts";

/** What a sync changes of a service, in a few words; empty: nothing. */
export function syncSummary(
  declared: ServiceSpec,
  registered: RegisteredService | undefined,
  changes: readonly ComponentChange[],
): string {
  const active = declared.active ? "active" : "inactive";
  const parts = [
    ...(registered === undefined ? ["new", ...(declared.active ? [] : [active])] : []),
    ...(registered !== undefined && registered.active !== declared.active ? [`now ${active}`] : []),
    ...(registered !== undefined && registered.reconcile !== declared.reconcile
      ? [`repairs ${repairsText(declared.reconcile)}`]
      : []),
    ...changes.flatMap((change) => componentText(change, registered)),
  ];
  return parts.join("; ");
}

function repairsText(reconcile: boolean | undefined): string {
  if (reconcile === undefined) return "as the agent is configured";
  return reconcile ? "on" : "off";
}

function componentText(
  { component, action, fields }: ComponentChange,
  registered: RegisteredService | undefined,
): string[] {
  if (action === "none") return [];
  const recorded = registered?.components.find(({ spec }) => spec.name === component);
  const image = fields.find(({ field }) => field === "image");
  const others = fields.filter((field) => field !== image).map(({ field }) => field);
  const texts = [
    ...(recorded === undefined && registered !== undefined ? ["new"] : []),
    ...(image === undefined ? [] : [`${image.before} → ${image.after}`]),
    ...others,
    ...(action === "stop" ? ["stopped"] : []),
  ];
  return texts.length === 0 ? [] : [`${component}: ${texts.join(", ")}`];
}
