import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { unlessAborted } from "@metacircular/mcdsl/unless-aborted.ts";
import { stopCall, unpauseCall } from "./podman-calls.ts";
import type { PodmanClient } from "./podman-client.ts";
import { podmanError } from "./podman-errors.ts";
import { type InspectedContainer, parseInspected } from "./podman-output.ts";
import { isRestarting } from "./restarting.ts";

export interface StopContext {
  readonly client: PodmanClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly inspect: (id: string, signal?: AbortSignal) => Promise<InspectedContainer | undefined>;
}

/** Stops a container. An abort rejects at once; podman goes on to stop it. */
export async function stopContainer(context: StopContext, id: string, signal?: AbortSignal): Promise<void> {
  const { client, clock, logger } = context;
  const inspected = await context.inspect(id, signal);
  if (inspected === undefined) return;
  const stopTimeoutS = inspected.Config.StopTimeout ?? defaultTimeoutS;
  if (isRestarting(parseInspected(inspected), clock.now())) {
    return catchRestarting(context, id, stopTimeoutS, signal);
  }
  if (!living.has(inspected.State.Status ?? "")) return;
  if (inspected.State.Status === "paused") await client.change(unpauseCall(id));
  const stopped = client.change(stopCall(id, stopTimeoutS));
  await unlessAborted(stopped, signal).catch(async (thrown: unknown) => {
    signal?.throwIfAborted();
    // With its monitor dead, podman waits in vain for word of an end that came.
    const now = await context.inspect(id, signal);
    if (now !== undefined && isAlive(now)) throw thrown;
    logger.warn({ container: id, error: messageOf(thrown) }, "stopped, though podman says otherwise");
  });
}

const defaultTimeoutS = 10;
const notRunning = 304;
/** It may run for only a few milliseconds at a time. */
const catchIntervalMs = 5;
const lookIntervalMs = 100;
/** Podman starts a container again within a tenth of a second, under load later. */
const stillnessMs = 1_000;
const catchLimitMs = 60_000;

/** Stops a container that podman restarts. Podman ignores being asked to stop what is between two runs and then
 * starts it, so it is asked again and again, until the container has stood still for a second. */
async function catchRestarting(
  { client, clock, inspect }: StopContext,
  id: string,
  stopTimeoutS: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadlineMs = clock.now() + catchLimitMs + stopTimeoutS * 1000;
  let lookedAtMs = 0;
  let stillSinceMs = clock.now();
  let lastStart: string | undefined;
  let isCaught = false;
  while (clock.now() - stillSinceMs < stillnessMs) {
    if (clock.now() >= deadlineMs) {
      const message = "podman goes on starting it";
      throw podmanError({ attempted: "stop container", subject: id, message });
    }
    const { status } = await unlessAborted(client.change(stopCall(id, stopTimeoutS)), signal);
    const wasRunning = status !== notRunning;
    isCaught ||= wasRunning;
    if (wasRunning || clock.now() - lookedAtMs >= lookIntervalMs) {
      const now = await inspect(id, signal);
      if (now === undefined) return;
      lookedAtMs = clock.now();
      if (now.State.StartedAt !== lastStart || isAlive(now)) {
        stillSinceMs = lookedAtMs;
        lastStart = now.State.StartedAt;
        isCaught = wasRunning;
      }
    }
    await clock.sleep(isCaught ? lookIntervalMs : catchIntervalMs, signal);
  }
}

const living = new Set(["running", "paused", "stopping"]);

/** Whether its process lives, whatever podman says of it. */
function isAlive({ State }: InspectedContainer): boolean {
  const pid = State.Pid ?? 0;
  if (!living.has(State.Status ?? "") || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return systemCodeOf(thrown) === "EPERM";
  }
}
