import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { startCall } from "./podman-calls.ts";
import type { PodmanClient } from "./podman-client.ts";

const attempts = 4;
const pauseMs = 250;

/** Starts a container. Where another program changes the firewall at the same moment, podman gives up at once and
 * leaves the container as it was, so it is asked again a few times. */
export async function startContainer(
  { client, clock, logger }: { client: Pick<PodmanClient, "change">; clock: Clock; logger: Logger },
  id: string,
  signal?: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.change(startCall(id));
      return;
    } catch (thrown) {
      if (attempt === attempts || !isCollision(thrown)) throw thrown;
      logger.debug({ container: id, found: thrown.found }, "starting it again");
    }
    await clock.sleep(pauseMs * attempt, signal);
  }
}

function isCollision(thrown: unknown): thrown is DetailedError {
  return thrown instanceof DetailedError && thrown.code === "FIREWALL_BUSY";
}
