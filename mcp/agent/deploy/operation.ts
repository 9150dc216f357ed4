import { type EdgeEffect, pendingEffects } from "@metacircular/mcp-core/edge/effect.ts";
import type { ComponentResult, Failure, OperationOutcome } from "@metacircular/mcp-core/outcome.ts";
import { outcomeOf } from "@metacircular/mcp-core/outcome.ts";
import { serviceOf, type Intent } from "@metacircular/mcp-core/intent.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import type { OperationRecord } from "../registry/operations.ts";
import type { Registry } from "../registry/registry.ts";
import type { DeployerOptions, OperationRequest } from "./deployer-options.ts";
import { failureOf } from "./failure.ts";
import { createJournal } from "./journal.ts";
import type { StepContext } from "./step-context.ts";
import { revert, walk } from "./walk.ts";

/** After so many crashes in the middle of one operation it is reverted instead of tried again. */
const maximumAttempts = 3;

/** Executes the plan of an operation that is in the journal, and writes down how it ended. */
export async function carryOut(
  request: OperationRequest,
  steps: readonly Step[],
  options: DeployerOptions,
  signal: AbortSignal,
): Promise<OperationRecord> {
  const { registry, clock, bus } = options;
  const { operationId, caller, intent } = request;
  const record = recordOf(operationId, registry);
  const { kind, service } = record;
  const context = contextOf(request, options, signal);
  bus.publish({
    type: "operation-started",
    atMs: clock.now(),
    service,
    component: "",
    operationId,
    kind,
    caller,
    steps,
  });
  const journal = createJournal(context, options.executors, bus, steps);
  const touched =
    record.reverting !== undefined
      ? await revert(steps, record.before, record.reverting, journal, context)
      : record.attempts > maximumAttempts
        ? await revert(steps, record.before, abandoned(record), journal, context)
        : await walk(steps, record.before, journal, context);
  const results = withPending(withUnchanged(touched, intent), registry.edge.ofService(service));
  const outcome = outcomeOf(results, steps.length > 0 || record.attempts > 1);
  return finish(record, { outcome, results, step: journal.executed() }, options);
}

function abandoned({ attempts, kind, service }: OperationRecord): { failure: Failure; component: undefined } {
  const failure = {
    code: "OPERATION_ABANDONED",
    attempted: kind,
    subject: service,
    found: `the agent died ${attempts - 1} times while it was at it`,
    remedy: "read the agent's log before you try again",
    facts: {},
    output: [],
  };
  return { failure, component: undefined };
}

/** Ends an operation that cannot be planned or written down: nothing of it is tried any more. */
export async function giveUp(
  operationId: string,
  error: unknown,
  options: DeployerOptions,
): Promise<OperationRecord> {
  const record = recordOf(operationId, options.registry);
  const { kind, service } = record;
  const failure = failureOf(error, kind);
  const components = record.before.length === 0 ? [service] : record.before.map((point) => point.component);
  const results = components.map((component) => ({ component, outcome: "failed", failure }) as const);
  return finish(record, { outcome: "failed", results, step: record.step }, options);
}

/** Writes down how an operation ended, and tells watchers. */
async function finish(
  { id, kind, service }: OperationRecord,
  ended: { outcome: OperationOutcome; results: readonly ComponentResult[]; step: number },
  { registry, logger, observe, bus, clock }: DeployerOptions,
): Promise<OperationRecord> {
  await observe(service).catch((error: unknown) => {
    logger.warn({ service, error }, "cannot observe the service after its operation");
  });
  registry.operations.finish(id, ended);
  const { outcome, results } = ended;
  logger.info({ operation: id, kind, service, outcome }, "operation finished");
  bus.publish({
    type: "operation-finished",
    atMs: clock.now(),
    service,
    component: "",
    operationId: id,
    kind,
    outcome,
    results,
  });
  return recordOf(id, registry);
}

function contextOf(
  { operationId, caller, intent }: OperationRequest,
  { node, servicesDir, registry, runtime, edge, imageRegistry, clock, logger }: DeployerOptions,
  signal: AbortSignal,
): StepContext {
  const service = serviceOf(intent);
  return {
    operationId,
    caller,
    service,
    intent,
    node,
    servicesDir,
    registry,
    runtime,
    edge,
    imageRegistry,
    clock,
    logger,
    signal,
  };
}

function recordOf(id: string, registry: Registry): OperationRecord {
  const record = registry.operations.get(id);
  if (record === undefined) throw new Error(`operation ${id} is not in the journal`);
  return record;
}

function withPending(results: readonly ComponentResult[], effects: readonly EdgeEffect[]): ComponentResult[] {
  return results.map((result) => {
    const pending = pendingEffects(effects.filter(({ component }) => component === result.component));
    return pending.length === 0 ? result : { ...result, pending };
  });
}

function withUnchanged(results: readonly ComponentResult[], intent: Intent): ComponentResult[] {
  if (!("spec" in intent)) return [...results];
  const inScope = intent.spec.components
    .map((component) => component.name)
    .filter((name) => intent.component === "" || name === intent.component)
    .filter((name) => !results.some((result) => result.component === name));
  return [...results, ...inScope.map((component) => ({ component, outcome: "unchanged" }) as const)];
}
