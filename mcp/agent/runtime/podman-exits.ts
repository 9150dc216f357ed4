import { join } from "node:path";
import { type Environment, runPodman } from "./podman-process.ts";

const limitMs = 10_000;

/** Where each container's monitor leaves a file when its container ends. Podman tells the directory nowhere
 * but in its own debug messages; where they lack it, its default counts. */
export async function findExitDirectory(environment: Environment, signal?: AbortSignal): Promise<string> {
  const args = ["--log-level", "debug", "volume", "ls", "--quiet"];
  const messages = await runPodman(environment, args, limitMs, signal).catch(() => "");
  signal?.throwIfAborted();
  return join(temporaryDirectoryIn(messages) ?? defaultDirectory(environment), "exits");
}

/** Reads `Using tmp dir …`, the last one where the database overrules the configuration. */
export function temporaryDirectoryIn(messages: string): string | undefined {
  return [...messages.matchAll(/Using tmp dir ([^"\s]+)/g)].at(-1)?.[1];
}

function defaultDirectory(environment: Environment): string {
  if (process.getuid?.() === 0) return "/run/libpod";
  return join(environment["XDG_RUNTIME_DIR"] ?? `/run/user/${process.getuid?.() ?? 0}`, "libpod", "tmp");
}
