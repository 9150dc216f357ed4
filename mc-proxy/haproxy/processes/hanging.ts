import { readFile } from "node:fs/promises";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Paths } from "../paths.ts";
import { killProcess } from "./haproxy-process.ts";
import { identityOf } from "./identity.ts";

/** Ends the HAProxy that still listens at the admin socket of a generation, for one that nobody can ask holds the public
 * ports for ever. One that drains has closed that socket, and is left alone. */
export async function killHanging(paths: Paths, generation: number, clock: Clock): Promise<void> {
  // HAProxy binds `<path>.<pid>.tmp` and renames it; the kernel goes on to name the socket by the former.
  const sockets = await readFile("/proc/net/unix", "utf8");
  const bound = new RegExp(`${paths.adminSocketName(generation).replace(".", "\\.")}\\.(\\d+)\\.tmp$`, "gmu");
  for (const [, pid] of sockets.matchAll(bound)) {
    const identity = await identityOf(Number(pid));
    if (identity !== undefined && (await argumentsOf(identity.pid)).includes(paths.configuration))
      await killProcess(identity, clock);
  }
}

/** Empty: it has ended. */
async function argumentsOf(pid: number): Promise<string[]> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
  } catch {
    return [];
  }
}
