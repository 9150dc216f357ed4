import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import type { Failure } from "@metacircular/mcp-core/outcome.ts";
import type { RepairOutcome } from "@metacircular/mcp-core/repair.ts";
import { isRestartedByPolicy } from "@metacircular/mcp-core/repair-condition.ts";
import type { Deployer } from "../deploy/deploy.ts";
import { failureOf } from "../deploy/failure.ts";
import { agentCaller } from "../deploy/locks.ts";
import type { OperationRecord } from "../registry/operations.ts";
import type { Registry } from "../registry/registry.ts";
import type { RepairRecord } from "../registry/repairs.ts";

export interface AttemptOptions {
  readonly deployer: Pick<Deployer, "run">;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly newId: () => string;
}

export type ComponentName = Pick<RepairRecord, "service" | "component">;

/** Why an operation was not begun or was broken off, which says nothing about the component: it is tried again soon,
 * and that does not count. A runtime that does not answer while it changes something does: it may never do so. */
const passing = new Set(["AGENT_STOPPING", "OPERATION_IN_PROGRESS", "OPERATION_PREEMPTED"]);
const unanswered = new Set(["RUNTIME_TIMED_OUT", "RUNTIME_UNAVAILABLE"]);
/** The container ended while it was watched for being healthy. */
const endings = new Set(["CONTAINER_EXITED", "CONTAINER_OUT_OF_MEMORY"]);
/** The reason is shown in a table. */
const reasonLength = 500;

/** Runs one repair of components of a service to its end. Does not throw.
 * @returns how it ended for each of them */
export async function attemptRepair(
  service: string,
  components: readonly string[],
  options: AttemptOptions,
): Promise<(component: string) => RepairOutcome> {
  const { registry } = options;
  try {
    const record = await runOwn(repairOf(service, components, registry), options);
    return (component) => outcomeOf(component, record, registry);
  } catch (error) {
    const failure = failureOf(error, "repair");
    const outcome: RepairOutcome = unanswered.has(failure.code) ? { kind: "postponed" } : failed(failure, "");
    return () => outcome;
  }
}

/** All of them in one operation, so that none waits for the health of another before it is started. */
function repairOf(service: string, components: readonly string[], registry: Registry): OwnIntent {
  const [component = "", ...more] = components;
  if (more.length === 0) return { kind: "repair", service, component };
  const all = registry.components.ofService(service).map(({ spec }) => spec.name);
  return { kind: "repair", service, component: "", except: all.filter((name) => !components.includes(name)) };
}

function outcomeOf(
  component: string,
  { service, results }: OperationRecord,
  registry: Registry,
): RepairOutcome {
  // What ended the operation as a whole is told of the service.
  const result =
    results.find((each) => each.component === component) ??
    results.find((each) => each.component === service && each.failure !== undefined);
  if (result?.failure !== undefined) {
    return failed(result.failure, restartOf({ service, component }, registry));
  }
  if (result?.outcome === "changed") return { kind: "succeeded" };
  if (result?.outcome === "skipped") return { kind: "postponed" };
  // Where it came up by itself meanwhile, the next look says so.
  const reason = "there was nothing to do, though it is not as it should be";
  return { kind: "failed", reason, log: [], looping: false };
}

/** Stops what the runtime restarts again and again. Does not throw: where that fails it is seen again. */
export async function brake({ service, component }: ComponentName, options: AttemptOptions): Promise<void> {
  const { logger } = options;
  try {
    logger.warn(
      { service, component },
      "it ends again and again: it is stopped, and started at longer intervals",
    );
    await runOwn({ kind: "brake", service, component }, options);
  } catch (error) {
    const isPassing =
      error instanceof DetailedError && (passing.has(error.code) || unanswered.has(error.code));
    if (!isPassing) logger.error({ service, component, error: messageOf(error) }, "cannot stop a crash loop");
  }
}

type OwnIntent = Extract<Intent, { kind: "repair" | "brake" }>;

function runOwn(intent: OwnIntent, { deployer, newId }: AttemptOptions): Promise<OperationRecord> {
  return deployer.run({ operationId: newId(), caller: agentCaller, intent });
}

function restartOf({ service, component }: ComponentName, registry: Registry): string {
  return registry.components.get(service, component)?.spec.restart ?? "";
}

function failed({ code, attempted, subject, found, output }: Failure, restart: string): RepairOutcome {
  if (passing.has(code)) return { kind: "postponed" };
  const reason = `cannot ${[attempted, subject].filter((part) => part !== "").join(" ")}: ${found}`;
  return {
    kind: "failed",
    reason: reason.slice(0, reasonLength),
    log: output,
    looping: endings.has(code) && isRestartedByPolicy(restart),
  };
}
