import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { hostname, userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import type { Host, Platform } from "../platform.ts";
import { childEnvironment } from "../processes/environment.ts";
import { stateDirectory } from "../store/default-path.ts";
import { findStateDirectory } from "../store/directory.ts";
import type { StateLayout } from "../store/layout.ts";
import { type Lock, waitForLock } from "../store/lock.ts";
import { readSettings } from "../store/settings.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

export function thisHost(): Host {
  const { uid, username, homedir } = userInfo();
  return {
    clock: systemClock,
    checkout,
    node: process.execPath,
    user: { uid, name: username, home: homedir },
    hostName: hostname(),
    environment: childEnvironment(process.env),
  };
}

/** Path of the state directory that `--state` names, or the default. */
export function statePath(named: string | undefined, host: Host): string {
  return stateDirectory(named, host.user, process.env);
}

/** The platform in a state directory, or undefined where none was ever started.
 * @throws DetailedError `STATE_…` */
export async function findPlatform(path: string, host: Host): Promise<Platform | undefined> {
  const layout = await findStateDirectory(path);
  const settings = layout === undefined ? undefined : await readSettings(layout.settings);
  return layout === undefined || settings === undefined ? undefined : { layout, settings, host };
}

const lockTimeoutMs = 120_000;

/** Makes sure that only this command changes the state directory.
 * @throws DetailedError `STATE_BUSY` */
export async function lockState(layout: StateLayout, host: Host): Promise<Lock> {
  const lock = await waitForLock(layout.commandLock, lockTimeoutMs, host.clock);
  if (lock !== undefined) return lock;
  throw new DetailedError({
    code: "STATE_BUSY",
    category: "aborted",
    attempted: "change the platform in",
    subject: layout.root,
    found: `another metacircular command has been at work there for ${lockTimeoutMs / 1_000} s`,
    remedy: "wait until it is done",
  });
}
