import type { ComponentResult, Failure } from "@metacircular/mcp-core/outcome.ts";
import { planContainers, type ContainerTarget } from "@metacircular/mcp-core/plan-component.ts";
import { recordCreated } from "@metacircular/mcp-core/plan-start.ts";
import type { StepKind } from "@metacircular/mcp-core/step.ts";
import type { RestorePoint } from "../registry/operations.ts";
import { failureOf } from "./failure.ts";
import { Interrupted, type Journal } from "./journal.ts";
import { observedContainers } from "./observed-containers.ts";
import { withRestoredEdge } from "./restore-edge.ts";
import type { StepContext } from "./step-context.ts";

const firstDelayMs = 250;
const maximumDelayMs = 5_000;
/** How long a runtime that does not answer is waited for. */
const patienceMs = 10 * 60_000;

const bringsUp: ReadonlySet<StepKind> = new Set(["start-container", "await-healthy"]);
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
  const giveUpAtMs = clock.now() + patienceMs;
  let attemptsLeft = recreated === undefined ? 2 : 3;
  let wanted = target;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, maximumDelayMs)) {
    const problem = await replan(point, wanted, journal, context);
    if (problem === undefined) return keptPrevious(point, failure);
    if (!passing.has(problem.failure.code)) {
      attemptsLeft -= 1;
      if (problem.isOfTarget)
        wanted = recreated === undefined ? target : await byNameIfSame(recreated, context);
    }
    if (attemptsLeft === 0 || clock.now() >= giveUpAtMs) {
      return { component, outcome: "failed", failure: withRestoreFailure(failure, problem.failure) };
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

/** By its name it is easier to read, where that still means the same image. */
async function byNameIfSame(
  recreated: NonNullable<RestorePoint["recreated"]>,
  { runtime, signal }: StepContext,
): Promise<ContainerTarget> {
  const named = await runtime.image(recreated.spec.image, signal).catch(() => undefined);
  return named !== undefined && named.id === recreated.image ? { ...recreated, image: undefined } : recreated;
}

interface Problem {
  readonly failure: Failure;
  /** The container to go back to will not do; what is in its way may still give way. */
  readonly isOfTarget: boolean;
}

async function replan(
  point: RestorePoint,
  target: ContainerTarget,
  journal: Journal,
  context: StepContext,
): Promise<Problem | undefined> {
  const { runtime, registry, service, signal } = context;
  const { component } = point;
  try {
    const observed = observedContainers(service, await runtime.list(signal)).get(component) ?? [];
    const isThere = observed.some(
      (container) => target.want === "restored" && container.id === target.id && !container.lost,
    );
    if (target.want === "restored" && !isThere) {
      const failure = failureOf(new Error("its container is gone"), "find the previous version");
      return { failure, isOfTarget: true };
    }
    const steps = planContainers(component, target, observed);
    const failed = await journal.append([
      ...withRestoredEdge(steps, point, target, observed, context),
      ...(target.want === "running"
        ? [recordCreated(target.spec, registry.components.get(service, component)?.spec ?? target.spec)]
        : []),
    ]);
    if (failed === undefined) return undefined;
    return { failure: failed.failure, isOfTarget: bringsUp.has(failed.step.kind) };
  } catch (error) {
    if (signal.aborted) throw new Interrupted(error);
    return { failure: failureOf(error, "look at the containers"), isOfTarget: false };
  }
}

function withRestoreFailure(failure: Failure, problem: Failure): Failure {
  const attempted = [problem.attempted, problem.subject].filter((part) => part !== "").join(" ");
  return {
    ...failure,
    found: `${failure.found}; and the previous version could not be put back: cannot ${attempted}: ${problem.found}`,
    facts: { ...failure.facts, restore_error: problem.code },
    output: [...failure.output, ...problem.output],
  };
}
