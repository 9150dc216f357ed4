import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { removeFirewallRules } from "./podman-firewall.ts";
import { bridgePrefix, type Universe } from "./podman-universe.ts";

const run = promisify(execFile);
const attempts = 5;

/** Ends everything in a universe: containers with their mounts and firewall rules, services, bridges. Safe to
 * repeat, and to run on what a killed test left. */
export async function endUniverse(
  universe: Universe,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  // Without it the removal of the directory had begun, and no containers are left that podman could find.
  if (existsSync(join(universe.directory, "storage.conf"))) await removeContainers(environment);
  await endProcesses(universe);
  await unmount(universe.directory);
  await removeBridges(universe);
  await removeFirewallRules(universe);
}

async function removeContainers(environment: Readonly<Record<string, string>>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await run("podman", ["rm", "--all", "--force", "--volumes", "--time", "0"], { env: environment });
      return;
    } catch (thrown) {
      if (attempt === attempts) throw thrown;
      await sleep(100 * attempt);
    }
  }
}

/** API services and monitors whose containers podman no longer knows; without root also the name server, and what
 * keeps the namespaces (`catatonit`) and the network (`slirp4netns`, `rootlessport`). What a test started itself
 * with the same variables is its own to end. Root's name server is that of all universes, whichever it was started
 * for, and ends with the last container that it is for. */
async function endProcesses(universe: Universe): Promise<void> {
  const kinds = new Set(["podman", "conmon"]);
  if (process.getuid?.() !== 0) {
    const ofUser = ["aardvark-dns", "catatonit", "slirp4netns", "rootlessport", "pasta", "pasta.avx2"];
    for (const kind of ofUser) kinds.add(kind);
  }
  for (let attempt = 1; ; attempt++) {
    const pids = (await processesOf(universe)).filter(({ name }) => kinds.has(name)).map(({ pid }) => pid);
    if (pids.length === 0) return;
    if (attempt > 200)
      throw new Error(`processes of podman in ${universe.directory} do not end: ${pids.join(" ")}`);
    for (const pid of pids) {
      if (attempt === 1) end(pid, "SIGTERM");
      if (attempt === 150) end(pid, "SIGKILL");
    }
    await sleep(20);
  }
}

/** Processes that were started for the podman in this directory. */
export async function processesOf({
  directory,
}: {
  readonly directory: string;
}): Promise<{ pid: number; name: string }[]> {
  const marker = `CONTAINERS_CONF=${directory}/`;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      if (!environment.split("\0").some((each) => each.startsWith(marker))) return undefined;
      return { pid, name: (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim() };
    }),
  );
  return all.filter((each) => each !== undefined);
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") throw thrown;
  }
}

async function unmount(directory: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${directory}/`));
  // Later ones lie on or below earlier ones.
  for (const path of mounts.toReversed()) await run("umount", ["--lazy", path]);
}

/** Podman removes them with their last container, unless that lost its network otherwise. */
async function removeBridges(universe: Universe): Promise<void> {
  const prefix = bridgePrefix(universe);
  const left = (await readdir("/sys/class/net")).filter((name) => name.startsWith(prefix));
  for (const name of left) await run("ip", ["link", "delete", name]);
}
