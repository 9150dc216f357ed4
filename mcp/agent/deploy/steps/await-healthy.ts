import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { type ContainerDetails, labels } from "../../runtime/runtime.ts";
import { probeOf, type Probe } from "../health/probe.ts";
import { lastLogLines } from "../last-log-lines.ts";
import type { StepContext } from "../step-context.ts";

/** Of a process that SIGKILL ended. The runtime is not always told that memory was the reason. */
const killedExitCode = 137;

type AwaitHealthy = StepOf<"await-healthy">;

/** Returns once the container is healthy: its probe passes, or, without one, it has kept running for the
 * settling time. Fails as soon as it ends or is restarted, and when the deadline is over. */
export async function awaitHealthy(step: AwaitHealthy, context: StepContext): Promise<void> {
  const { clock, runtime, service, signal } = context;
  const { health } = step;
  const name = slotName(service, step.component, step.slot);
  const probe = probeOf(step, name, runtime);
  const beganAtMs = clock.now();
  let first: ContainerDetails | undefined;
  let delayMs = Math.min(20, health.intervalMs);
  for (;;) {
    const container = await runtime.inspect(name, signal);
    first ??= container;
    if (container === undefined || hasEnded(container, first, context))
      throw await ended(name, container, context);
    const elapsedMs = clock.now() - beganAtMs;
    if (probe === undefined) {
      if (Math.max(elapsedMs, runningMs(container, clock.now())) >= health.settleMs) return;
    } else {
      const lastProbe = await attempt(probe, health.timeoutMs, signal);
      if (lastProbe === "") return;
      if (elapsedMs >= health.deadlineMs) throw await unhealthy(step, name, lastProbe, context);
    }
    await clock.sleep(delayMs, signal);
    // Quick at first, since most containers are healthy at once.
    delayMs = Math.min(delayMs * 2, health.intervalMs);
  }
}

function runningMs({ startedAtMs }: ContainerDetails, nowMs: number): number {
  return startedAtMs === 0 ? 0 : nowMs - startedAtMs;
}

/** Empty when the probe passed, else what it found. */
async function attempt(probe: Probe, timeoutMs: number, signal: AbortSignal): Promise<string> {
  try {
    await probe(timeoutMs, signal);
    return "";
  } catch (error) {
    signal.throwIfAborted();
    return messageOf(error);
  }
}

/** The runtime restarts a container that ends by its policy, so a later start is an end, too. */
function hasEnded(
  container: ContainerDetails,
  first: ContainerDetails | undefined,
  { operationId }: StepContext,
): boolean {
  if (container.state !== "running") return true;
  const isNew = container.labels[labels.operation] === operationId;
  const restartsBefore = isNew ? 0 : (first?.restartCount ?? 0);
  return container.restartCount > restartsBefore || container.startedAtMs !== first?.startedAtMs;
}

/** How long a container that was restarted is watched for its next end. */
const nextEndMs = 2_000;
const nextEndIntervalMs = 10;

/** One that is started again has forgotten how it ended, but what ended at once does so again soon. */
async function atItsEnd(
  name: string,
  container: ContainerDetails | undefined,
  { clock, runtime, signal }: StepContext,
): Promise<ContainerDetails | undefined> {
  const deadlineMs = clock.now() + nextEndMs;
  let latest = container;
  while (latest !== undefined && latest.state !== "exited" && clock.now() < deadlineMs) {
    await clock.sleep(nextEndIntervalMs, signal);
    latest = await runtime.inspect(name, signal);
  }
  return latest;
}

async function ended(
  name: string,
  found: ContainerDetails | undefined,
  context: StepContext,
): Promise<DetailedError> {
  const container = await atItsEnd(name, found, context);
  const output = await lastLogLines(name, context);
  if (container === undefined) {
    return new DetailedError({
      code: "CONTAINER_REMOVED",
      category: "failed-precondition",
      attempted: "run",
      subject: name,
      found: "somebody removed the container while it started",
      remedy: "deploy again",
      output,
    });
  }
  const reason = container.outOfMemoryKilled
    ? "it ran out of memory and was killed"
    : container.state !== "exited"
      ? `it ended and was restarted ${container.restartCount} times`
      : container.exitCode === killedExitCode
        ? `it was killed (exit code ${killedExitCode}), as happens when memory runs out`
        : `it ended with exit code ${container.exitCode}`;
  return new DetailedError({
    code: container.outOfMemoryKilled ? "CONTAINER_OUT_OF_MEMORY" : "CONTAINER_EXITED",
    category: "failed-precondition",
    attempted: "keep running",
    subject: name,
    found: container.error === "" ? reason : `${reason}: ${container.error}`,
    remedy: "read its last output, correct the image or the definition, and deploy again",
    facts: {
      ...(container.state === "exited" ? { exit_code: String(container.exitCode) } : {}),
      restarts: String(container.restartCount),
    },
    output,
  });
}

async function unhealthy(
  { health }: AwaitHealthy,
  name: string,
  lastProbe: string,
  context: StepContext,
): Promise<DetailedError> {
  return new DetailedError({
    code: "HEALTH_CHECK_FAILED",
    category: "failed-precondition",
    attempted: "see healthy",
    subject: name,
    found: `after ${health.deadlineMs / 1000} s it still runs, but ${lastProbe}`,
    remedy: "read its last output; does it listen on 0.0.0.0:$PORT?",
    facts: { last_probe: lastProbe },
    output: await lastLogLines(name, context),
  });
}
