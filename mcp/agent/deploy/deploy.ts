import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { serviceOf, type Intent } from "@metacircular/mcp-core/intent.ts";
import { plan } from "@metacircular/mcp-core/plan.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import type { OperationRecord } from "../registry/operations.ts";
import { begin, resume } from "./attempt.ts";
import { collectFacts } from "./facts.ts";
import { Interrupted } from "./journal.ts";
import type { DeployerOptions, OperationRequest } from "./deployer-options.ts";

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
    const operation = body()
      .catch((error: unknown) => {
        if (error instanceof Interrupted) registry.operations.discountAttempt(operationId);
        throw error;
      })
      .finally(() => {
        lock[Symbol.dispose]();
        running.delete(operationId);
      });
    running.set(operationId, operation);
    return operation;
  }

  async function takeUp({
    id,
    caller,
    intent,
    startedAtMs,
    kind,
    service,
  }: OperationRecord): Promise<OperationRecord> {
    logger.warn({ operation: id, kind, service }, "taking up an operation that a crash interrupted");
    const request = { operationId: id, caller, intent };
    return hold(request, startedAtMs, async () => {
      registry.operations.beginAgain(id);
      return resume(request, startedAtMs, options, signal);
    });
  }

  return {
    async run(request) {
      const known = registry.operations.get(request.operationId);
      if (known !== undefined && !isSame(known.intent, request.intent)) throw reused(request, known);
      const inProgress = running.get(request.operationId);
      if (inProgress !== undefined) return inProgress;
      if (known?.outcome !== undefined) return known;
      if (known !== undefined) return takeUp(known);
      const startedAtMs = clock.now();
      return hold(request, startedAtMs, () => begin(request, startedAtMs, options, signal));
    },
    async preview(intent) {
      const startedAtMs = clock.now();
      const operation = { intent, operationId: "preview", startedAtMs, resumed: false };
      using facts = await collectFacts(operation, options, signal);
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

/** The same request, as far as the caller decides about it: what one component is deployed beside is read from
 * the registry, and what a rollback leads to from the revisions. */
function isSame(a: Intent, b: Intent): boolean {
  return JSON.stringify(decided(a)) === JSON.stringify(decided(b));
}

function decided(intent: Intent): unknown[] {
  const about = [intent.kind, serviceOf(intent)];
  if (intent.kind === "purge") return [...about, ...intent.components];
  if (intent.kind === "sync") return [...about, intent.declared];
  if (intent.kind === "adopt") return [...about, ...intent.containers];
  if (!("spec" in intent)) return "component" in intent ? [...about, intent.component] : about;
  if (intent.kind === "rollback") return [...about, intent.revision];
  const { spec, component, recreate } = intent;
  const components = spec.components.filter(({ name }) => component === "" || name === component);
  return [...about, component, recreate, spec.active, components];
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
