import { logSizeBytes } from "@metacircular/mcp-agent/runtime/podman-spec.ts";
import { type Environment, timeCommand } from "../commands.ts";
import type { PeerContainer } from "./peer-container.ts";

/** Replaces a container as an operator does by hand: is the image here, stop, remove, run, look.
 * `image exists` stands for `pull --policy missing`, which podman 4 lacks: a plain pull of a local image fails.
 * @returns milliseconds */
export async function replaceByCommands(container: PeerContainer, environment: Environment): Promise<number> {
  const { name, image } = container;
  let totalMs = 0;
  for (const args of [
    ["image", "exists", image],
    ["stop", name],
    ["rm", name],
    runArguments(container),
    ["inspect", name],
  ]) {
    totalMs += await timeCommand(["podman", ...args], environment);
  }
  return totalMs;
}

/** The first one, which there is nothing to replace of. */
export async function runByCommand(container: PeerContainer, environment: Environment): Promise<void> {
  await timeCommand(["podman", ...runArguments(container)], environment);
}

function runArguments({ name, image, port, env }: PeerContainer): string[] {
  return [
    ...["run", "--detach", "--name", name, "--init", "--stop-timeout", "10"],
    ...["--log-driver", "k8s-file", "--log-opt", `max-size=${logSizeBytes}`],
    ...["--restart", "unless-stopped", "--publish", `127.0.0.1:${port}:${port}`],
    ...env.flatMap((entry) => ["--env", entry]),
    image,
  ];
}
