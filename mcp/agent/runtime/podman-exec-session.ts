import { setTimeout as sleep } from "node:timers/promises";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { type Environment, findProcesses, runPodman } from "./podman-process.ts";

const limitMs = 10_000;
const attempts = 5;
const pauseMs = 50;

/** Removes what a command that ended leaves: podman's API keeps its session and two processes of its monitor for
 * five minutes, which a health check would soon make hundreds. Only podman's own command can end a session, and
 * where it does not see this one, as with a socket of another user, all stays as it is. */
export async function endSession(
  environment: Environment,
  container: string,
  session: string,
): Promise<void> {
  const args = ["container", "cleanup", "--exec", session, "--rm", container];
  for (let attempt = 1; ; attempt++) {
    try {
      await runPodman(environment, args, limitMs);
      break;
    } catch (thrown) {
      // A command that was just killed counts as running until its monitor has noticed.
      if (attempt === attempts) throw thrown;
      await sleep(pauseMs);
    }
  }
  const monitors = await findProcesses(
    (words) => words[0]?.endsWith("conmon") === true && words.includes(session),
  );
  for (const pid of monitors) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (thrown) {
    if (systemCodeOf(thrown) !== "ESRCH") throw thrown;
  }
}
