import { formatDuration } from "./duration.ts";
import type { ObservedContainer } from "./observed.ts";
import type { ComponentSpec, HealthSpec, ServiceSpec } from "./spec.ts";
import type { Step } from "./step.ts";

/** What a plan means for one component, for people. */
export interface ComponentChange {
  readonly component: string;
  readonly action: "create" | "replace" | "start" | "stop" | "remove" | "update" | "none";
  readonly fields: readonly FieldChange[];
}

export interface FieldChange {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** What was seen on the node when the plan was made. */
interface Seen {
  readonly observed: ReadonlyMap<string, readonly ObservedContainer[]>;
  /** Local image id by reference. */
  readonly imageIds: ReadonlyMap<string, string>;
}

/** Sums up a plan: per component what is done to it, and which fields of its declaration differ from what it was
 * before, or that the name of its image means another one by now. */
export function planChanges(
  steps: readonly Step[],
  spec: ServiceSpec,
  before: readonly ComponentSpec[],
  seen: Seen,
): ComponentChange[] {
  const names = new Set([
    ...spec.components.map((component) => component.name),
    ...steps.map((step) => step.component).filter((name) => name !== ""),
  ]);
  return [...names].map((component) => {
    const declared = spec.components.find((entry) => entry.name === component);
    const current = before.find((entry) => entry.name === component);
    const own = steps.filter((step) => step.component === component);
    const action = actionOf(own, declared !== undefined);
    const fields = declared === undefined || current === undefined ? [] : changedFields(current, declared);
    const isMoved = action === "replace" && !fields.some(({ field }) => field === "image");
    const moved = declared === undefined || !isMoved ? [] : movedImage(declared, seen);
    return { component, action, fields: [...moved, ...fields] };
  });
}

/** An image that was built or pulled anew under the name of the one that runs. */
function movedImage({ name, image }: ComponentSpec, { observed, imageIds }: Seen): FieldChange[] {
  const runs = observed.get(name)?.find(({ slot }) => slot === "current")?.imageId;
  const named = imageIds.get(image);
  if (runs === undefined || runs === "" || named === undefined || runs === named) return [];
  const [before, after] = [runs, named].map((id) => `${image} (${id.slice(0, 12)})`) as [string, string];
  return [{ field: "image", before, after }];
}

function actionOf(steps: readonly Step[], isDeclared: boolean): ComponentChange["action"] {
  const has = (kind: Step["kind"]) => steps.some((step) => step.kind === kind);
  if (has("create-container")) {
    return has("remove-container") || has("stop-container") ? "replace" : "create";
  }
  if (has("forget-component") || (!isDeclared && has("remove-container"))) return "remove";
  if (has("start-container")) return "start";
  if (steps.some((step) => step.kind === "stop-container" && step.slot === "current")) return "stop";
  return steps.length > 0 ? "update" : "none";
}

/** The fields that differ. The values of environment variables stay out, since they may be secret. */
export function changedFields(before: ComponentSpec, after: ComponentSpec): FieldChange[] {
  return fields.flatMap(({ field, show }) => {
    if (JSON.stringify(before[field]) === JSON.stringify(after[field])) return [];
    return [{ field, before: show(before), after: show(after) }];
  });
}

const fields: readonly { field: keyof ComponentSpec; show: (spec: ComponentSpec) => string }[] = [
  { field: "image", show: (spec) => spec.image },
  { field: "network", show: (spec) => spec.network },
  { field: "user", show: (spec) => spec.user },
  { field: "restart", show: (spec) => spec.restart },
  { field: "ports", show: (spec) => spec.ports.join(" ") },
  { field: "volumes", show: (spec) => spec.volumes.join(" ") },
  { field: "cmd", show: (spec) => JSON.stringify(spec.cmd) },
  { field: "env", show: (spec) => spec.env.map(variableName).join(" ") },
  { field: "routes", show: (spec) => spec.routes.map(showRoute).join(" ") },
  { field: "health", show: (spec) => showHealth(spec.health) },
  { field: "update", show: (spec) => spec.update },
];

function showHealth({ probe, intervalMs, timeoutMs, deadlineMs, settleMs }: HealthSpec): string {
  if (probe.kind === "settle") return `runs for ${formatDuration(settleMs)}`;
  const limits = `every ${formatDuration(intervalMs)}, each ${formatDuration(timeoutMs)}, within ${formatDuration(deadlineMs)}`;
  switch (probe.kind) {
    case "http":
      return `GET ${[probe.route, probe.path].filter((part) => part !== "").join(" ")} ${limits}`;
    case "tcp":
      return `connection ${[probe.route, limits].filter((part) => part !== "").join(" ")}`;
    case "cmd":
      return `${JSON.stringify(probe.argv)} ${limits}`;
  }
}

function variableName(assignment: string): string {
  return `${assignment.split("=")[0]}=…`;
}

function showRoute({ name, port, mode, hostname }: ComponentSpec["routes"][number]): string {
  return [name, `${port}/${mode}`, hostname].filter((part) => part !== "").join(":");
}
