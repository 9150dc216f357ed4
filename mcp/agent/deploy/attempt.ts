import { databaseWriteFailure } from "@metacircular/mcdsl/database/write-failure.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { plan } from "@metacircular/mcp-core/plan.ts";
import type { OperationRecord, RestorePoint } from "../registry/operations.ts";
import type { Registry } from "../registry/registry.ts";
import type { EngineOptions, OperationRequest } from "./deployer-options.ts";
import { collectFacts } from "./facts.ts";
import { Interrupted } from "./journal.ts";
import { carryOut, giveUp } from "./operation.ts";
import { restorePoints } from "./restore-points.ts";

/** Time between two attempts to take up an operation. */
const resumeDelayMs = 1_000;
const resumeLimit = 5;

/** Plans an operation, writes it into the journal with what a failure has to lead back to, and carries it out.
 * Throws, with nothing written and nothing touched, where it cannot even be planned. */
export async function begin(
  request: OperationRequest,
  startedAtMs: number,
  options: EngineOptions,
  signal: AbortSignal,
): Promise<OperationRecord> {
  const { registry, logger } = options;
  const { operationId, caller, intent } = request;
  using facts = await collectFacts({ ...request, startedAtMs, resumed: false }, options, signal);
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
    return await resume(request, startedAtMs, options, signal);
  }
}

/** Takes up an operation that is in the journal. Waits for a runtime that does not answer, and for space on the disk of
 * the registry: an operation must not be lost because it starts late. Anything else that keeps it from being taken up ends it after a few attempts. */
export async function resume(
  request: OperationRequest,
  startedAtMs: number,
  options: EngineOptions,
  signal: AbortSignal,
): Promise<OperationRecord> {
  const { registry, logger, clock } = options;
  let lastError: unknown;
  for (let attempts = 0; attempts < resumeLimit;) {
    try {
      using facts = await collectFacts({ ...request, startedAtMs, resumed: true }, options, signal);
      const steps = plan(facts.input);
      addRestorePoints(request.operationId, restorePoints(steps, facts.input), registry);
      return await carryOut(request, steps, options, signal);
    } catch (error) {
      if (signal.aborted) throw new Interrupted(error);
      logger.error({ operation: request.operationId, error }, "cannot take up the operation yet");
      if (!isPassing(error)) attempts += 1;
      lastError = error;
      await clock.sleep(resumeDelayMs, signal);
    }
  }
  return giveUp(request.operationId, lastError, options);
}

/** What the first attempt found stands; the node may since have lost what it had no need to touch. */
function addRestorePoints(
  operationId: string,
  found: readonly RestorePoint[],
  { operations }: Registry,
): void {
  const known = operations.get(operationId)?.before ?? [];
  const added = found.filter(({ component }) => !known.some((point) => point.component === component));
  if (added.length > 0) operations.recordBefore(operationId, [...known, ...added]);
}

/** Failures that end by themselves. */
function isPassing(error: unknown): boolean {
  if (databaseWriteFailure(error) !== undefined) return true;
  return error instanceof DetailedError && ["unavailable", "deadline-exceeded"].includes(error.category);
}
