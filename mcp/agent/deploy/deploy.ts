import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { serviceOf, type Intent } from "@metacircular/mcp-core/intent.ts";
import { plan, type PlanInput } from "@metacircular/mcp-core/plan.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import { Coalescer } from "../monitor/coalesce.ts";
import type { OperationRecord } from "../registry/operations.ts";
import { begin, resume } from "./attempt.ts";
import { collectFacts } from "./facts.ts";
import { Interrupted } from "./journal.ts";
import type { Container } from "../runtime/runtime.ts";
import type { DeployerOptions, EngineOptions, OperationRequest } from "./deployer-options.ts";
import { giveUp } from "./operation.ts";
import { createPreemptions } from "./preempt.ts";

/** Carries out operations: the only code that starts, stops or replaces containers. */
export interface Deployer extends AsyncDisposable {
  /** Runs the operation to its end and returns the journal's entry for it. An id that was seen before
   * returns the same operation's entry, waiting for it where it still runs. What the agent does by itself to the
   * service is broken off first; anybody else's operation is not.
   * @throws DetailedError OPERATION_IN_PROGRESS, OPERATION_ID_REUSED, OPERATION_PREEMPTED */
  run(request: OperationRequest): Promise<OperationRecord>;
  /** The steps that `run` would take now, and what they follow from.
   * @param containers a listing to go by; default: a new one */
  preview(intent: Intent, containers?: readonly Container[]): Promise<Preview>;
  /** Takes up what a crash left unfinished. Resolves when all of it has ended. */
  recover(): Promise<void>;
}

export interface Preview {
  readonly steps: readonly Step[];
  readonly input: PlanInput;
}

export function createDeployer(parts: DeployerOptions): Deployer {
  const { registry, clock, locks, logger } = parts;
  const running = new Map<string, Promise<OperationRecord>>();
  const shutdown = new AbortController();
  const listings = new Coalescer(() => parts.runtime.list(shutdown.signal));
  const options: EngineOptions = { ...parts, list: () => listings.request(undefined) };
  const preemptions = createPreemptions({ running, locks, shutdown: shutdown.signal });

  /** Runs `body` while nothing else works on the service. */
  function hold(
    request: OperationRequest,
    sinceMs: number,
    body: (signal: AbortSignal) => Promise<OperationRecord>,
  ): Promise<OperationRecord> {
    const { operationId, caller, intent } = request;
    const holder = { operationId, kind: intent.kind, caller, sinceMs };
    const lock = locks.acquire(serviceOf(intent), holder, clock.now());
    const preemptible = preemptions.track(request);
    const operation = body(preemptible.signal)
      .catch((error: unknown) => {
        const preempted = preemptible.reason();
        if (preempted !== undefined) return breakOff(operationId, preempted);
        if (error instanceof Interrupted) registry.operations.discountAttempt(operationId);
        throw error;
      })
      .finally(() => {
        preemptible[Symbol.dispose]();
        lock[Symbol.dispose]();
        running.delete(operationId);
      });
    running.set(operationId, operation);
    return operation;
  }

  /** What has not been written down yet leaves no trace. */
  function breakOff(operationId: string, reason: DetailedError): Promise<OperationRecord> {
    if (registry.operations.get(operationId) === undefined) throw reason;
    return giveUp(operationId, reason, options);
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
    return hold(request, startedAtMs, async (signal) => {
      registry.operations.beginAgain(id);
      return resume(request, startedAtMs, options, signal);
    });
  }

  return {
    async run(request) {
      const known = registry.operations.get(request.operationId);
      if (known !== undefined && !isSame(known.intent, request.intent)) throw reused(request, known);
      if (known?.outcome === undefined) await preemptions.makeWay(request);
      const inProgress = running.get(request.operationId);
      if (inProgress !== undefined) return inProgress;
      if (known?.outcome !== undefined) return known;
      if (known !== undefined) return takeUp(known);
      const startedAtMs = clock.now();
      return hold(request, startedAtMs, (signal) => begin(request, startedAtMs, options, signal));
    },
    async preview(intent, containers) {
      const startedAtMs = clock.now();
      const operation = { intent, operationId: "preview", startedAtMs, resumed: false };
      const list = containers === undefined ? options.list : () => Promise.resolve(containers);
      using facts = await collectFacts(operation, { ...options, list }, shutdown.signal);
      return { steps: plan(facts.input), input: facts.input };
    },
    async recover() {
      const ended = await Promise.allSettled(registry.operations.unfinished().map(takeUp));
      const failures = ended
        .filter((result) => result.status === "rejected")
        .map(({ reason }): unknown => reason);
      if (failures.length > 0 && !shutdown.signal.aborted) {
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
  const { spec, component, recreate, pull = false } = intent;
  const components = spec.components.filter(({ name }) => component === "" || name === component);
  return [...about, component, recreate, pull, spec.active, components];
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
