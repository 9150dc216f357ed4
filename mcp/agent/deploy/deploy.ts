import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { outcomeOf, type ComponentResult } from "@metacircular/mcp-core/outcome.ts";
import { plan, serviceOf, type Intent } from "@metacircular/mcp-core/plan.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { PortAllocator } from "../ports/allocate.ts";
import type { OperationRecord } from "../registry/operations.ts";
import type { Registry } from "../registry/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Executors } from "./executors.ts";
import { collectFacts, type Facts } from "./facts.ts";
import { createJournal, Interrupted } from "./journal.ts";
import type { ServiceLocks } from "./locks.ts";
import { restore } from "./restore.ts";
import { restorePoints } from "./restore-points.ts";
import type { StepContext } from "./step-context.ts";
import { walk } from "./walk.ts";

export interface DeployerOptions {
  readonly node: string;
  readonly servicesDir: string;
  readonly registry: Registry;
  readonly runtime: Runtime;
  readonly ports: PortAllocator;
  readonly locks: ServiceLocks;
  readonly executors: Executors;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after each operation, so that the registry shows what it left behind. */
  readonly observe: (service: string) => Promise<void>;
}

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

export interface OperationRequest {
  readonly operationId: string;
  readonly caller: string;
  readonly intent: Intent;
}

/** After so many crashes in the middle of one operation it is reverted instead of tried again. */
const maximumAttempts = 3;
/** Time between two attempts to take up an operation while runtime or journal don't answer. */
const resumeDelayMs = 1_000;

export function createDeployer(options: DeployerOptions): Deployer {
  const { registry, clock, locks, logger } = options;
  const running = new Map<string, Promise<OperationRecord>>();
  const shutdown = new AbortController();

  function start(request: OperationRequest, startedAtMs: number, resumed: boolean): Promise<OperationRecord> {
    const { operationId, caller, intent } = request;
    const service = serviceOf(intent);
    const holder = { operationId, kind: intent.kind, caller, sinceMs: startedAtMs };
    const lock = locks.acquire(service, holder, clock.now());
    const operation = (resumed ? resume(request, startedAtMs) : begin(request, startedAtMs)).finally(() => {
      lock[Symbol.dispose]();
      running.delete(operationId);
    });
    running.set(operationId, operation);
    return operation;
  }

  async function begin(request: OperationRequest, startedAtMs: number): Promise<OperationRecord> {
    const { operationId, caller, intent } = request;
    using facts = await factsOf(request, startedAtMs);
    const steps = plan(facts.input);
    registry.transaction(() => {
      registry.operations.begin({ id: operationId, caller, intent, startedAtMs });
      registry.operations.recordBefore(operationId, restorePoints(steps, facts.input));
    });
    try {
      return await carryOut(request, steps);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      logger.error({ operation: operationId, error }, "the journal could not be written, trying again");
      return resume(request, startedAtMs);
    }
  }

  /** Retries until runtime and journal answer: an operation must not be lost because one of them is late. */
  async function resume(request: OperationRequest, startedAtMs: number): Promise<OperationRecord> {
    for (;;) {
      try {
        using facts = await factsOf(request, startedAtMs);
        return await carryOut(request, plan(facts.input));
      } catch (error) {
        if (shutdown.signal.aborted) throw new Interrupted(error);
        logger.error({ operation: request.operationId, error }, "cannot take up the operation yet");
        await clock.sleep(resumeDelayMs, shutdown.signal);
      }
    }
  }

  function factsOf({ intent, operationId }: OperationRequest, startedAtMs: number): Promise<Facts> {
    return collectFacts({ intent, operationId, startedAtMs }, options, shutdown.signal);
  }

  async function carryOut(request: OperationRequest, steps: readonly Step[]): Promise<OperationRecord> {
    const { operationId, caller, intent } = request;
    const { kind } = intent;
    const record = recordOf(operationId);
    const service = serviceOf(intent);
    const context = contextOf(request);
    options.bus.publish({
      type: "operation-started",
      atMs: clock.now(),
      service,
      component: "",
      operationId,
      kind,
      caller,
      steps,
    });
    const journal = createJournal(context, options.executors, options.bus, steps);
    const results =
      record.attempts > maximumAttempts
        ? await revert(record, context, journal)
        : await walk(steps, record.before, journal, context);
    return finish(record, withUnchanged(results, intent), steps.length > 0);
  }

  async function revert(
    record: OperationRecord,
    context: StepContext,
    journal: ReturnType<typeof createJournal>,
  ): Promise<ComponentResult[]> {
    const failure = {
      code: "OPERATION_ABANDONED",
      attempted: record.kind,
      subject: record.service,
      found: `the agent died ${record.attempts - 1} times while it was at it`,
      remedy: "read the agent's log before you try again",
      facts: {},
      output: [],
    };
    const results: ComponentResult[] = [];
    for (const point of record.before) results.push(await restore(point, failure, journal, context));
    return results;
  }

  async function finish(
    { id, kind, service }: OperationRecord,
    results: readonly ComponentResult[],
    didSomething: boolean,
  ): Promise<OperationRecord> {
    const outcome = outcomeOf(results, didSomething);
    await options.observe(service).catch((error: unknown) => {
      logger.warn({ service, error }, "cannot observe the service after its operation");
    });
    registry.operations.finish(id, outcome, results);
    logger.info({ operation: id, kind, service, outcome }, "operation finished");
    options.bus.publish({
      type: "operation-finished",
      atMs: clock.now(),
      service,
      component: "",
      operationId: id,
      kind,
      outcome,
      results,
    });
    return recordOf(id);
  }

  function contextOf({ operationId, caller, intent }: OperationRequest): StepContext {
    const { node, servicesDir, runtime } = options;
    const service = serviceOf(intent);
    const { signal } = shutdown;
    return {
      operationId,
      caller,
      service,
      intent,
      node,
      servicesDir,
      registry,
      runtime,
      clock,
      logger,
      signal,
    };
  }

  function recordOf(id: string): OperationRecord {
    const record = registry.operations.get(id);
    if (record === undefined) throw new Error(`operation ${id} is not in the journal`);
    return record;
  }

  return {
    async run(request) {
      const known = registry.operations.get(request.operationId);
      if (known !== undefined && !isSame(known.intent, request.intent)) throw reused(request, known);
      const inProgress = running.get(request.operationId);
      if (inProgress !== undefined) return inProgress;
      if (known?.outcome !== undefined) return known;
      return start(request, clock.now(), false);
    },
    async preview(intent) {
      const facts = await collectFacts(
        { intent, operationId: "preview", startedAtMs: clock.now() },
        options,
        shutdown.signal,
      );
      using _ = facts;
      return plan(facts.input);
    },
    async recover() {
      const unfinished = registry.operations.unfinished();
      const operations = unfinished.map(async ({ id, caller, intent, startedAtMs, kind, service }) => {
        logger.warn({ operation: id, kind, service }, "taking up an operation that a crash interrupted");
        registry.operations.beginAgain(id);
        await start({ operationId: id, caller, intent }, startedAtMs, true);
      });
      const ended = await Promise.allSettled(operations);
      const failures = ended.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
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

function withUnchanged(results: readonly ComponentResult[], intent: Intent): ComponentResult[] {
  if (!("spec" in intent)) return [...results];
  const inScope = intent.spec.components
    .map((component) => component.name)
    .filter((name) => intent.component === "" || name === intent.component)
    .filter((name) => !results.some((result) => result.component === name));
  return [...results, ...inScope.map((component) => ({ component, outcome: "unchanged" }) as const)];
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
