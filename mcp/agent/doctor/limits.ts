import { readdir, readFile } from "node:fs/promises";
import { fine, type Judgement, unknown, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import { firstPort, lastPort } from "../ports/allocate.ts";
import type { Check } from "./check.ts";

const nearShare = 0.8;
const fewInotifyInstances = 128;

/** How near the agent and the node are to limits that only show when they are reached. */
export const limitsCheck: Check = {
  name: "limits",
  async run({ registry }) {
    const [limits, open, inotify, pressure] = await Promise.all([
      readFile("/proc/self/limits", "utf8"),
      readdir("/proc/self/fd"),
      readFile("/proc/sys/fs/inotify/max_user_instances", "utf8").catch(() => ""),
      readFile("/proc/pressure/memory", "utf8").catch(() => ""),
    ]);
    const used = registry.components.all().flatMap(({ hostPorts }) => Object.values(hostPorts)).length;
    return [
      judgeShare("open files", {
        used: open.length,
        most: openFilesLimit(limits),
        remedy: "LimitNOFILE=65536 in [Service] of the agent's unit",
      }),
      judgeShare("ports for routes", {
        used,
        most: lastPort - firstPort + 1,
        remedy: "undeploy what is not needed",
      }),
      judgeInotify(inotify),
      judgePressure(pressure),
    ];
  },
};

/** Soft limit in the text of /proc/self/limits. */
export function openFilesLimit(text: string): number {
  const soft = /^Max open files\s+(\S+)/m.exec(text)?.[1];
  return soft === undefined || soft === "unlimited" ? Infinity : Number(soft);
}

export function judgeShare(
  subject: string,
  { used, most, remedy }: { used: number; most: number; remedy: string },
): Judgement {
  const found = most === Infinity ? `${used} are in use` : `${used} of ${most} are in use`;
  return used > most * nearShare ? warning(subject, found, remedy) : fine(subject, found);
}

/** @param text of /proc/sys/fs/inotify/max_user_instances */
export function judgeInotify(text: string): Judgement {
  const subject = "inotify instances";
  if (text.trim() === "") return unknown(subject, "the kernel does not tell its limit", "");
  const most = Number(text);
  const found = `a user may have ${most}`;
  if (most >= fewInotifyInstances) return fine(subject, found);
  return warning(
    subject,
    `${found}, which containers may use up`,
    "as root: sysctl -w fs.inotify.max_user_instances=512, and in /etc/sysctl.d",
  );
}

/** @param text of /proc/pressure/memory; empty: this kernel has none */
export function judgePressure(text: string): Judgement {
  const subject = "memory pressure";
  const stalled = /^full .*\bavg60=([\d.]+)/m.exec(text)?.[1];
  if (stalled === undefined) return unknown(subject, "the kernel does not tell it", "");
  const found = `everything waited for memory ${stalled} % of the last minute`;
  return Number(stalled) >= 10
    ? warning(subject, found, "see what uses it: podman stats --no-stream; top -o %MEM")
    : fine(subject, found);
}
