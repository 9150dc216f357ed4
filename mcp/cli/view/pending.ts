import type { PendingEffect } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Output } from "../output/output.ts";
import { plain } from "../output/table.ts";
import { formatAge, isoTime, timeMsOf } from "../output/time.ts";

/** Keys of what is pending in JSON. */
export const pendingJson = "list of what is pending at the edge: effect, code, reason, since (ISO 8601)";

export function pendingView({ effect, code, reason, since }: PendingEffect): Record<string, unknown> {
  return { effect, code, reason, since: isoTime(since) };
}

/** Loud, though nothing failed: the service runs, and may not be reached. */
export function sayPending(
  output: Output,
  service: string,
  results: readonly { readonly name: string; readonly pending: readonly PendingEffect[] }[],
): void {
  const lines = results.flatMap(({ name, pending }) =>
    pending.map(({ effect, reason }) => plain(`PENDING ${service}/${name}: ${effect}: ${reason}`)),
  );
  if (lines.length === 0) return;
  for (const line of lines) output.complain(output.styleMessage("yellow", line));
  output.complain(`the agent goes on trying; see: mcp status ${service}`);
}

/** One line: `pending for 40s: route hello.example.net:443: the proxy does not answer`. */
export function pendingText({ effect, reason, since }: PendingEffect, nowMs: number): string {
  return plain(`pending for ${formatAge(timeMsOf(since) ?? nowMs, nowMs)}: ${effect}: ${reason}`);
}
