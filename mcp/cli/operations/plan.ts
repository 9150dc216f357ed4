import type { PlanDeployResponse, PlannedStep } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Output } from "../output/output.ts";
import { plain } from "../output/table.ts";

/** Keys of a plan in JSON. */
export const planJson = {
  node: "node it is for",
  service: "name of the service",
  changes:
    "per component: component, action (create, replace, start, stop, remove, none), fields: field, before, after",
  steps:
    "in order of execution: kind, component (empty: the whole service), description; build-image and push-image are done here, before the node is told",
  notes: "what could not be told beforehand",
} as const;

/** What is done on this machine before. */
export interface PlannedImages {
  readonly steps: readonly Pick<PlannedStep, "kind" | "component" | "description">[];
  readonly notes: readonly string[];
}

/** Shows what would be done. */
export function showPlan(
  output: Output,
  about: { node: string; service: string },
  plan: Pick<PlanDeployResponse, "changes" | "steps">,
  images: PlannedImages = { steps: [], notes: [] },
): void {
  if (output.format === "json") return output.json(planView(about, plan, images));
  output.complain(...images.notes.map(plain));
  const steps = [...images.steps, ...plan.steps];
  if (steps.length === 0) {
    output.print(`${about.service} on ${about.node}: nothing would change`);
    return;
  }
  output.print(`${about.service} on ${about.node}:`);
  for (const { component, action, fields } of plan.changes) {
    if (action === "none") continue;
    output.print(`  ${paintAction(output, action)} ${plain(component)}`);
    for (const { field, before, after } of fields) {
      output.print(`      ${plain(field)}: ${quoted(before)} → ${quoted(after)}`);
    }
  }
  output.print("steps:");
  for (const [index, { description }] of steps.entries()) {
    output.print(`  ${String(index + 1).padStart(String(steps.length).length)}. ${plain(description)}`);
  }
}

function planView(
  about: { node: string; service: string },
  plan: Pick<PlanDeployResponse, "changes" | "steps">,
  images: PlannedImages,
): Record<keyof typeof planJson, unknown> {
  return {
    ...about,
    changes: plan.changes.map(({ component, action, fields }) => ({
      component,
      action,
      fields: fields.map(({ field, before, after }) => ({ field, before, after })),
    })),
    steps: [...images.steps, ...plan.steps].map(({ kind, component, description }) => ({
      ...{ kind, component, description },
    })),
    notes: images.notes,
  };
}

function quoted(text: string): string {
  return text === "" ? "(none)" : plain(text);
}

const colours = new Map<string, "green" | "yellow" | "red">([
  ["create", "green"],
  ["replace", "yellow"],
  ["stop", "red"],
  ["remove", "red"],
]);

function paintAction(output: Output, action: string): string {
  return output.style(colours.get(action) ?? "cyan", action);
}
