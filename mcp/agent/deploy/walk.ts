import type { ComponentResult, Failure } from "@metacircular/mcp-core/outcome.ts";
import { harmlessKinds, type Step } from "@metacircular/mcp-core/step.ts";
import type { RestorePoint } from "../registry/operations.ts";
import type { Journal } from "./journal.ts";
import { keptPrevious, restore } from "./restore.ts";
import type { StepContext } from "./step-context.ts";

/** Executes a plan and returns what became of each component in it. When a deploy fails, the component at
 * hand is put back to what it was and the rest is left alone; a stop, a start or a restart has nothing
 * better to go back to and goes on with the next component. */
export async function walk(
  steps: readonly Step[],
  before: readonly RestorePoint[],
  journal: Journal,
  context: StepContext,
): Promise<ComponentResult[]> {
  const results = new Map<string, ComponentResult>(
    before.map(({ component }) => {
      // Nothing left to do for a component of this operation: an earlier attempt has done it.
      const pending = steps.some((step) => step.component === component);
      return [component, { component, outcome: pending ? "skipped" : "changed" }];
    }),
  );
  const failed = new Set<string>();
  for (const step of steps) {
    const { component } = step;
    if (failed.has(component) || (failed.size > 0 && step.kind === "forget-service")) continue;
    const failure = await journal.run(step);
    if (failure === undefined || isLeftover(step)) {
      if (component !== "" && !harmlessKinds.has(step.kind)) {
        results.set(component, { component, outcome: "changed" });
      }
      continue;
    }
    failed.add(component);
    const affected = before.filter((point) => component === "" || point.component === component);
    for (const point of affected) {
      results.set(point.component, await resultOf(step, point, failure, journal, context));
    }
    if ("spec" in context.intent) break;
  }
  return [...results.values()];
}

/** The new version is healthy; an old container that cannot be removed is left to the next operation. */
function isLeftover(step: Step): boolean {
  return step.kind === "remove-container" && step.slot === "previous";
}

async function resultOf(
  step: Step,
  point: RestorePoint,
  failure: Failure,
  journal: Journal,
  context: StepContext,
): Promise<ComponentResult> {
  if (!("spec" in context.intent)) return { component: point.component, outcome: "failed", failure };
  const untouched = harmlessKinds.has(step.kind) || step.component === "";
  return untouched ? keptPrevious(point, failure) : restore(point, failure, journal, context);
}
