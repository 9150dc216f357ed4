import type { ComponentResult, Failure } from "@metacircular/mcp-core/outcome.ts";
import { harmlessKinds, type Step } from "@metacircular/mcp-core/step.ts";
import type { RestorePoint } from "../registry/operations.ts";
import type { Journal } from "./journal.ts";
import { keptPrevious, restore } from "./restore.ts";
import type { StepContext } from "./step-context.ts";

/** Executes a plan and returns what became of each component that the operation is about. A failure before
 * anything was touched ends the operation. When a deploy fails later, the component at hand is put back to what
 * it was and the rest is left alone; a stop, a start or a restart goes on with the next component. */
export async function walk(
  steps: readonly Step[],
  before: readonly RestorePoint[],
  journal: Journal,
  context: StepContext,
): Promise<ComponentResult[]> {
  const results = initialResults(steps, before);
  const failed = new Set<string>();
  for (const step of steps) {
    const { component } = step;
    if (failed.has(component) || (failed.size > 0 && step.kind === "forget-service")) continue;
    const failure = await journal.run(step);
    const harmless = harmlessKinds.has(step.kind);
    if (failure === undefined || isLeftover(step)) {
      if (component !== "" && !harmless) results.set(component, { component, outcome: "changed" });
    } else if (component === "" && !harmless) {
      const { service } = context;
      results.set(service, { component: service, outcome: "failed", failure });
    } else {
      failed.add(component);
      const restorable = "spec" in context.intent || creates(steps, component);
      for (const point of affectedBy(component, before)) {
        results.set(
          point.component,
          await resultOf(point, { failure, harmless, restorable }, journal, context),
        );
      }
      if ("spec" in context.intent || component === "") break;
    }
  }
  return [...results.values()];
}

/** What replaces a container must be able to put it back. */
function creates(steps: readonly Step[], component: string): boolean {
  return steps.some((step) => step.component === component && step.kind === "create-container");
}

async function resultOf(
  point: RestorePoint,
  { failure, harmless, restorable }: { failure: Failure; harmless: boolean; restorable: boolean },
  journal: Journal,
  context: StepContext,
): Promise<ComponentResult> {
  if (harmless) return keptPrevious(point, failure);
  if (restorable) return restore(point, failure, journal, context);
  return { component: point.component, outcome: "failed", failure };
}

/** Nothing left to do for a component of this operation: an earlier attempt has done it. */
function initialResults(
  steps: readonly Step[],
  before: readonly RestorePoint[],
): Map<string, ComponentResult> {
  return new Map(
    before.map(({ component }) => {
      const pending = steps.some((step) => step.component === component);
      return [component, { component, outcome: pending ? "skipped" : "changed" }];
    }),
  );
}

/** The new version is healthy; an old container that cannot be removed is left to the next operation. */
function isLeftover(step: Step): boolean {
  return step.kind === "remove-container" && step.slot === "previous";
}

/** A step of the service as a whole concerns all its components. */
function affectedBy(component: string, before: readonly RestorePoint[]): readonly RestorePoint[] {
  return before.filter((point) => component === "" || point.component === component);
}

/** Puts back what an operation had begun when it was cut off, instead of trying again: the component that had
 * begun to be put back, or, without one, every component that is not finished. */
export async function revert(
  steps: readonly Step[],
  before: readonly RestorePoint[],
  { failure, component: only }: { failure: Failure; component: string | undefined },
  journal: Journal,
  context: StepContext,
): Promise<ComponentResult[]> {
  const results: ComponentResult[] = [];
  for (const point of before) {
    const { component } = point;
    const pending = steps.some((step) => step.component === component && !harmlessKinds.has(step.kind));
    if (component !== only && !pending) results.push({ component, outcome: "changed" });
    else if (only !== undefined && component !== only) results.push({ component, outcome: "skipped" });
    else if ("spec" in context.intent || only !== undefined) {
      results.push(await restore(point, failure, journal, context));
    } else results.push({ component, outcome: "failed", failure });
  }
  // What was left to do for the service as a whole is not done any more.
  const { service } = context;
  if (!results.some((result) => "failure" in result)) {
    results.push({ component: service, outcome: "failed", failure });
  }
  return results;
}
