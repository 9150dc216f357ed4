import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { describeStep } from "@metacircular/mcp-core/describe-step.ts";
import type { Failure } from "@metacircular/mcp-core/outcome.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import type { EventBus } from "../events/event-bus.ts";
import { execute, type Executors } from "./executors.ts";
import { failureOf } from "./failure.ts";
import type { StepContext } from "./step-context.ts";

/** The agent is shutting down: the operation stays unfinished in the journal and is taken up again when the
 * agent starts. */
export class Interrupted extends DetailedError {
  constructor(cause?: unknown) {
    super({
      code: "AGENT_STOPPING",
      category: "unavailable",
      attempted: "finish the operation",
      found: "the agent is shutting down",
      remedy: "it goes on when the agent runs again; follow it with: mcp operations",
      cause,
    });
  }
}

/** Runs steps, writing each down before it runs and telling watchers of it. */
export interface Journal {
  /** Undefined when the step succeeded. */
  run(step: Step): Promise<Failure | undefined>;
  /** Runs steps that the plan did not foresee, up to the first that fails, which it returns. */
  append(steps: readonly Step[]): Promise<{ step: Step; failure: Failure } | undefined>;
  /** How many steps have run. */
  executed(): number;
}

export function createJournal(
  context: StepContext,
  executors: Executors,
  bus: EventBus,
  steps: readonly Step[],
): Journal {
  const { registry, operationId, service, clock, signal, logger } = context;
  let planned = steps;
  let done: readonly Step[] = [];
  registry.operations.recordSteps(operationId, planned, 0);

  /** The journal shows what ran, in its order, and then what is still to come. */
  function writeDown(step: Step): number {
    const index = done.length;
    if (planned[index] === step) {
      registry.operations.advance(operationId, index);
    } else {
      // After a restore, which the plan did not foresee, it goes on with what was planned before.
      const rest = planned.includes(step) ? planned : steps;
      planned = [...done, ...rest.slice(rest.indexOf(step))];
      registry.operations.recordSteps(operationId, planned, index);
    }
    return index;
  }

  async function run(step: Step): Promise<Failure | undefined> {
    if (signal.aborted) throw new Interrupted();
    const index = writeDown(step);
    const about = { service, component: step.component, operationId, index, step } as const;
    const startedAtMs = clock.now();
    bus.publish({ ...about, type: "step-started", atMs: startedAtMs });
    const failure = await attempt(step);
    if (failure !== undefined) registry.operations.recordFailure(operationId, index, failure);
    const atMs = clock.now();
    done = [...done, step];
    bus.publish({ ...about, type: "step-finished", atMs, failure, durationMs: atMs - startedAtMs });
    return failure;
  }

  async function attempt(step: Step): Promise<Failure | undefined> {
    const description = describeStep(service, step);
    try {
      await execute(executors, step, context);
      logger.debug({ operation: operationId, step: description }, "step done");
      return undefined;
    } catch (error) {
      if (signal.aborted) throw new Interrupted(error);
      logger.warn({ operation: operationId, step: description, error }, "step failed");
      return failureOf(error, description);
    }
  }

  return {
    run,
    executed: () => done.length,
    async append(extra) {
      planned = [...done, ...extra];
      registry.operations.recordSteps(operationId, planned, done.length);
      for (const step of extra) {
        const failure = await run(step);
        if (failure !== undefined) return { step, failure };
      }
      return undefined;
    },
  };
}
