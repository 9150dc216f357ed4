import { dirname } from "node:path";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { open, readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** What podman may know of its starter's environment: each container's monitor inherits it for as long as
 * the container lives, where secrets have no place. Proxies for pulls belong into containers.conf. */
const inherited = [
  ...["PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR"],
  ...["XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "DBUS_SESSION_BUS_ADDRESS"],
  ...["CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF"],
  ...["REGISTRY_AUTH_FILE", "SSL_CERT_FILE", "SSL_CERT_DIR"],
];

export type Environment = Readonly<Record<string, string | undefined>>;

/** The part of the environment that podman gets. */
export function podmanEnvironment(environment: Environment): Record<string, string> {
  const entries = inherited.map((name) => [name, environment[name]] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined && entry[1] !== ""),
  );
}

export function serviceCommand(socketPath: string): string[] {
  return ["podman", "system", "service", "--time", "0", `unix://${socketPath}`];
}

/** Starts podman's API service in a process group of its own, so that it outlives a killed agent and the next
 * one finds calls finished rather than torn. Its messages go to a file: a pipe would kill it with its reader.
 * Resolves when it is spawned; rejects when podman cannot be started at all. */
export async function spawnService(
  socketPath: string,
  logPath: string,
  environment: Environment,
): Promise<ChildProcess> {
  await using log = await open(logPath, "w", 0o600);
  const [command = "", ...args] = serviceCommand(socketPath);
  const child = spawn(command, args, {
    // Containers' monitors inherit it, and write a file there when a container runs out of memory.
    cwd: dirname(socketPath),
    detached: true,
    env: podmanEnvironment(environment),
    stdio: ["ignore", log.fd, log.fd],
  });
  child.unref();
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return child;
}

/** Runs a podman command to its end.
 * @returns what it wrote to standard error, where its messages are */
export async function runPodman(
  environment: Environment,
  args: readonly string[],
  limitMs: number,
  signal?: AbortSignal,
): Promise<string> {
  const options = {
    cwd: "/",
    env: podmanEnvironment(environment),
    timeout: limitMs,
    ...(signal && { signal }),
  };
  return (await promisify(execFile)("podman", args, options)).stderr;
}

/** The processes that serve this socket, whoever started them. A rootless service is two. */
export async function findService(socketPath: string): Promise<number[]> {
  const wanted = serviceCommand(socketPath).slice(1).join("\0");
  return findProcesses(
    (words) => words[0]?.endsWith("podman") === true && words.slice(1).join("\0") === wanted,
  );
}

/** The processes whose words on the command line match. */
export async function findProcesses(matches: (words: readonly string[]) => boolean): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return matches(commandLine.replace(/\0$/, "").split("\0"));
    }),
  );
  return pids.filter((_, index) => found[index]);
}

/** Asks the processes of this socket to end and waits until they have.
 * @returns false when they still live after `limitMs` */
export async function terminateService(socketPath: string, clock: Clock, limitMs: number): Promise<boolean> {
  const deadlineMs = clock.now() + limitMs;
  const asked = new Set<number>();
  for (;;) {
    const pids = await findService(socketPath);
    if (pids.length === 0) return true;
    if (clock.now() >= deadlineMs) return false;
    for (const pid of pids.filter((each) => !asked.has(each))) {
      asked.add(pid);
      signal(pid);
    }
    await clock.sleep(20);
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (thrown) {
    // It ended by itself between the look and the signal.
    if (systemCodeOf(thrown) !== "ESRCH") throw thrown;
  }
}
