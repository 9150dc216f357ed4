import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { removeImages } from "../bootstrap/images.ts";
import { Podman } from "../containers/podman.ts";
import { Progress } from "../output/progress.ts";
import { environmentOf } from "../platform.ts";
import { findStateDirectory } from "../store/directory.ts";
import type { StateLayout } from "../store/layout.ts";
import { readSettings, type Settings } from "../store/settings.ts";
import { stopPrograms } from "../supervisor/launch.ts";
import { programs } from "../supervisor/programs.ts";
import { lockState, statePath, thisHost } from "./context.ts";

export interface DownOptions {
  readonly state?: string;
  readonly purge?: true;
  readonly yes?: true;
}

/** Stops the platform's programs and containers and keeps the data; with `purge`, removes everything. What
 * should run stays recorded, so that `up` starts it again. */
export async function down(options: DownOptions): Promise<void> {
  const host = thisHost();
  const path = statePath(options.state, host);
  const layout = await findStateDirectory(path);
  if (layout === undefined) {
    process.stderr.write(`Nothing is up in ${path}.\n`);
    return;
  }
  if (options.purge === true && options.yes !== true) await confirmPurge(path);
  using _lock = await lockState(layout, host);
  const progress = new Progress(process.stderr, host.clock);
  await progress.step("programs", async () => {
    const known = programs(layout, host.checkout);
    return (await stopPrograms(layout, known, host.clock)) ? "stopped" : undefined;
  });
  const settings = await readSettings(layout.settings);
  const podman = new Podman(settings === undefined ? host.environment : environmentOf({ settings, host }));
  if (settings !== undefined) await stopContainers(podman, settings, options, progress);
  if (options.purge === true) await progress.step("state", () => removeState(layout, podman));
  if (!progress.changed) process.stderr.write("Already down.\n");
  else if (options.purge !== true)
    process.stderr.write(`Down. The data is kept in ${path}; \`up\` starts everything again.\n`);
}

const staysWhenEmpty: ReadonlySet<unknown> = new Set(["EBUSY", "EACCES", "EPERM"]);

async function stopContainers(
  podman: Podman,
  settings: Settings,
  options: DownOptions,
  progress: Progress,
): Promise<void> {
  await progress.step("containers", async () => {
    const containers = await podman.managed(settings.node);
    const running = containers.filter(({ running }) => running);
    await podman.stop(running);
    if (options.purge !== true) return running.length === 0 ? undefined : `stopped ${running.length}`;
    await podman.remove(containers);
    return containers.length === 0 ? undefined : `removed ${containers.length}`;
  });
  if (options.purge !== true) return;
  await progress.step("images", async () => {
    const kept = await removeImages(podman, settings);
    return kept.length === 0 ? "removed" : `kept ${kept.join(", ")}: something else uses them`;
  });
}

/** The marker goes last: until then an interrupted removal can be repeated. Files of containers that ran as
 * other users belong, rootless, to users that this one may not delete for. */
async function removeState(layout: StateLayout, podman: Podman): Promise<string> {
  const entries = (await readdir(layout.root)).map((name) => join(layout.root, name));
  for (const entry of entries.filter((path) => path !== layout.marker)) {
    try {
      await rm(entry, { recursive: true });
    } catch (thrown) {
      const denied = systemCodeOf(thrown) === "EACCES";
      if (!denied) throw thrown;
      await podman.removeDirectoryAsContainerUser(entry);
    }
  }
  await rm(layout.marker, { force: true });
  try {
    await rmdir(layout.root);
    return `removed ${layout.root}`;
  } catch (thrown) {
    // A mount point, or a directory whose parent belongs to somebody else.
    if (!staysWhenEmpty.has(systemCodeOf(thrown))) throw thrown;
    return `emptied ${layout.root}`;
  }
}

async function confirmPurge(path: string): Promise<void> {
  const question = `Remove everything in ${path}, with the data of all services? [y/N] `;
  if (!process.stdin.isTTY) throw notConfirmed("nobody can be asked here", "add --yes");
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    if (/^y(es)?$/i.test(await prompt.question(question))) return;
  } finally {
    prompt.close();
  }
  throw notConfirmed("it was not confirmed, so nothing was changed", "answer y to go on");
}

function notConfirmed(found: string, remedy: string): DetailedError {
  return new DetailedError({
    code: "NOT_CONFIRMED",
    category: "invalid-argument",
    attempted: "remove the platform",
    found,
    remedy,
  });
}
