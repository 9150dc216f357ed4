import type { ComponentResult, Failure } from "@metacircular/mcp-core/outcome.ts";
import { planContainers, type ContainerTarget } from "@metacircular/mcp-core/plan-component.ts";
import type { RestorePoint } from "../registry/operations.ts";
import { failureOf } from "./failure.ts";
import { Interrupted, type Journal } from "./journal.ts";
import { observedContainers } from "./observed-containers.ts";
import type { StepContext } from "./step-context.ts";

const firstDelayMs = 250;
const maximumDelayMs = 5_000;
/** How long a runtime that does not answer is waited for. */
const patienceMs = 10 * 60_000;

const passing = new Set(["RUNTIME_UNAVAILABLE", "RUNTIME_TIMED_OUT"]);

/** Puts a component back to what it was before the operation, by planning from what is there now: first with the
 * container that there was; where that does not come back, with a new one of the same version. */
export async function restore(
  point: RestorePoint,
  failure: Failure,
  journal: Journal,
  context: StepContext,
): Promise<ComponentResult> {
  const { component, target, recreated } = point;
  const { clock, registry, operationId, signal } = context;
  registry.operations.recordReverting(operationId, { component, failure });
  const attempts = recreated === undefined ? [target, target] : [target, recreated, recreated];
  const giveUpAtMs = clock.now() + patienceMs;
  let attempt = 0;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, maximumDelayMs)) {
    const problem = await replan(component, attempts[attempt] ?? target, journal, context);
    if (problem === undefined) return keptPrevious(point, failure);
    if (!passing.has(problem.code)) attempt += 1;
    if (attempt >= attempts.length || clock.now() >= giveUpAtMs) {
      return { component, outcome: "failed", failure: withRestoreFailure(failure, problem) };
    }
    await clock.sleep(delayMs, signal).catch((error: unknown) => {
      throw new Interrupted(error);
    });
  }
}

/** The result for a component that failed before anything of it was touched, or that is back. */
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
  try {
    const observed = observedContainers(service, await runtime.list(signal)).get(component) ?? [];
    const isThere = observed.some(
      (container) => target.want === "restored" && container.id === target.id && !container.lost,
    );
    if (target.want === "restored" && !isThere) {
      return failureOf(new Error("its container is gone"), "find the previous version");
    }
    return await journal.append([
      ...planContainers(component, target, observed),
      ...(target.want === "running"
        ? [{ kind: "record-component", component, spec: target.spec, desired: "running" } as const]
        : []),
    ]);
  } catch (error) {
    if (signal.aborted) throw new Interrupted(error);
    return failureOf(error, "look at the containers");
  }
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
