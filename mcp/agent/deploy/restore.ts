import type { ComponentResult, Failure } from "@metacircular/mcp-core/outcome.ts";
import { planContainers, type ContainerTarget } from "@metacircular/mcp-core/plan-component.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import type { RestorePoint } from "../registry/operations.ts";
import { failureOf } from "./failure.ts";
import { Interrupted, type Journal } from "./journal.ts";
import { observedContainers } from "./observed-containers.ts";
import type { StepContext } from "./step-context.ts";

/** Puts a component back to what it was before the operation, by planning from what is there now. */
export async function restore(
  { component, target }: RestorePoint,
  failure: Failure,
  journal: Journal,
  context: StepContext,
): Promise<ComponentResult> {
  const problem = await replan(component, target, journal, context);
  if (problem === undefined) return keptPrevious({ component, target }, failure);
  return { component, outcome: "failed", failure: withRestoreFailure(failure, problem) };
}

/** The result for a component that failed before anything of it was touched. */
export function keptPrevious({ component, target }: RestorePoint, failure: Failure): ComponentResult {
  const runs = target.want === "restored" && target.running;
  return { component, outcome: runs ? "restored" : "failed", failure };
}

async function replan(
  component: string,
  target: ContainerTarget,
  journal: Journal,
  { runtime, service, signal }: StepContext,
): Promise<Failure | undefined> {
  let steps: Step[];
  try {
    const observed = observedContainers(service, await runtime.list(signal)).get(component) ?? [];
    if (target.want === "restored" && !observed.some((container) => container.id === target.id)) {
      return failureOf(new Error("its container is gone"), "find the previous version");
    }
    steps = planContainers(component, target, observed);
  } catch (error) {
    if (signal.aborted) throw new Interrupted(error);
    return failureOf(error, "look at the containers");
  }
  return journal.append(steps);
}

function withRestoreFailure(failure: Failure, problem: Failure): Failure {
  const attempted = [problem.attempted, problem.subject].filter((part) => part !== "").join(" ");
  return {
    ...failure,
    found: `${failure.found}; and the previous version did not come back: cannot ${attempted}: ${problem.found}`,
    facts: { ...failure.facts, restore_error: problem.code },
    output: [...failure.output, ...problem.output],
  };
}
