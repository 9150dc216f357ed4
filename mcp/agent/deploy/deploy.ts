import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { plan, serviceOf, type Intent } from "@metacircular/mcp-core/plan.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import type { OperationRecord } from "../registry/operations.ts";
import { collectFacts, type Facts } from "./facts.ts";
import { Interrupted } from "./journal.ts";
import { carryOut } from "./operation.ts";
import type { DeployerOptions, OperationRequest } from "./deployer-options.ts";
import { restorePoints } from "./restore-points.ts";

/** Carries out operations: the only code that starts, stops or replaces containers. */
export interface Deployer extends AsyncDisposable {
  /** Runs the operation to its end and returns the journal's entry for it. An id that was seen before
   * returns the same operation's entry, waiting for it where it still runs. */
  run(request: OperationRequest): Promise<OperationRecord>;
  /** The steps that `run` would take now. */
  preview(intent: Intent): Promise<Step[]>;
  /** Takes up what a crash left unfinished. Resolves when all of it has ended. */
  recover(): Promise<void>;
}

/** Time between two attempts to take up an operation while runtime or journal don't answer. */
const resumeDelayMs = 1_000;

export function createDeployer(options: DeployerOptions): Deployer {
  const { registry, clock, locks, logger } = options;
  const running = new Map<string, Promise<OperationRecord>>();
  const shutdown = new AbortController();
  const { signal } = shutdown;

  /** Runs `body` while nothing else works on the service. */
  function hold(
    { operationId, caller, intent }: OperationRequest,
    sinceMs: number,
    body: () => Promise<OperationRecord>,
  ): Promise<OperationRecord> {
    const holder = { operationId, kind: intent.kind, caller, sinceMs };
    const lock = locks.acquire(serviceOf(intent), holder, clock.now());
    const operation = body().finally(() => {
      lock[Symbol.dispose]();
      running.delete(operationId);
    });
    running.set(operationId, operation);
    return operation;
  }

  async function begin(request: OperationRequest, startedAtMs: number): Promise<OperationRecord> {
    const { operationId, caller, intent } = request;
    using facts = await factsOf({ ...request, startedAtMs, resumed: false });
    const steps = plan(facts.input);
    registry.transaction(() => {
      registry.operations.begin({ id: operationId, caller, intent, startedAtMs });
      registry.operations.recordBefore(operationId, restorePoints(steps, facts.input));
    });
    try {
      return await carryOut(request, steps, options, signal);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      logger.error({ operation: operationId, error }, "the operation stopped half-way, taking it up again");
      return await resume(request, startedAtMs);
    }
  }

  /** Retries until runtime and journal answer: an operation must not be lost because one of them is late. */
  async function resume(request: OperationRequest, startedAtMs: number): Promise<OperationRecord> {
    for (;;) {
      try {
        using facts = await factsOf({ ...request, startedAtMs, resumed: true });
        return await carryOut(request, plan(facts.input), options, signal);
      } catch (error) {
        if (signal.aborted) throw new Interrupted(error);
        logger.error({ operation: request.operationId, error }, "cannot take up the operation yet");
        await clock.sleep(resumeDelayMs, signal);
      }
    }
  }

  function factsOf(operation: Parameters<typeof collectFacts>[0]): Promise<Facts> {
    return collectFacts(operation, options, signal);
  }

  function takeUp({ id, caller, intent, startedAtMs, kind, service }: OperationRecord) {
    logger.warn({ operation: id, kind, service }, "taking up an operation that a crash interrupted");
    registry.operations.beginAgain(id);
    const request = { operationId: id, caller, intent };
    return hold(request, startedAtMs, () => resume(request, startedAtMs));
  }

  return {
    async run(request) {
      const known = registry.operations.get(request.operationId);
      if (known !== undefined && !isSame(known.intent, request.intent)) throw reused(request, known);
      const inProgress = running.get(request.operationId);
      if (inProgress !== undefined) return inProgress;
      if (known?.outcome !== undefined) return known;
      const startedAtMs = clock.now();
      return hold(request, startedAtMs, () => begin(request, startedAtMs));
    },
    async preview(intent) {
      const startedAtMs = clock.now();
      using facts = await factsOf({ intent, operationId: "preview", startedAtMs, resumed: false });
      return plan(facts.input);
    },
    async recover() {
      const ended = await Promise.allSettled(registry.operations.unfinished().map(takeUp));
      const failures = ended
        .filter((result) => result.status === "rejected")
        .map(({ reason }): unknown => reason);
      if (failures.length > 0 && !signal.aborted) {
        throw new AggregateError(failures, "some interrupted operations could not be taken up");
      }
    },
    async [Symbol.asyncDispose]() {
      shutdown.abort(new Interrupted());
      await Promise.allSettled(running.values());
    },
  };
}

/** The same request, as far as the caller decides about it. */
function isSame(a: Intent, b: Intent): boolean {
  return a.kind === b.kind && serviceOf(a) === serviceOf(b);
}

function reused({ operationId, intent }: OperationRequest, known: OperationRecord): DetailedError {
  return new DetailedError({
    code: "OPERATION_ID_REUSED",
    category: "already-exists",
    attempted: intent.kind,
    subject: serviceOf(intent),
    found: `operation id ${operationId} belongs to a ${known.kind} of ${known.service}`,
    remedy: "choose a new operation id for each operation",
  });
}
