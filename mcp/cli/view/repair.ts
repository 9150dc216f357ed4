import type { ComponentInfo, RepairInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { formatAge, isoTime, timeMsOf } from "../output/time.ts";

/** What the agent does about a component by itself, in JSON. */
export const repairJson =
  "null, or what the agent does about it by itself: state (waiting, crash-loop, given-up, finished), attempts, next (ISO 8601, or null), reason, log";

export function repairView({ repair }: ComponentInfo): Record<string, unknown> | null {
  if (repair === undefined) return null;
  const { state, attempts, next, reason, log } = repair;
  return { state, attempts, next: isoTime(next), reason, log };
}

/** One line: `crash loop, next attempt in 40s`. */
export function repairText(
  { state, attempts, next, reason }: RepairInfo,
  { service, nowMs }: { service: string; nowMs: number },
): string {
  if (state === "finished") {
    return `finished: it ended by itself, and its restart policy leaves it at that; mcp start ${service}`;
  }
  const why = reason === "" ? "" : `: ${reason}`;
  if (state === "given-up") return `given up after ${counted(attempts)}${why}; mcp reconcile ${service}`;
  const what = state === "crash-loop" ? "crash loop" : "drift";
  const tried = attempts === 0 ? "" : ` after ${counted(attempts)}`;
  return `${what}${tried}, next attempt ${inTime(timeMsOf(next), nowMs)}${why}`;
}

function counted(attempts: number): string {
  return attempts === 1 ? "1 attempt" : `${attempts} attempts`;
}

function inTime(atMs: number | undefined, nowMs: number): string {
  return atMs === undefined || atMs <= nowMs ? "now" : `in ${formatAge(nowMs, atMs)}`;
}
