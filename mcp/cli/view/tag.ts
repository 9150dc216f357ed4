import type { ComponentInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Output } from "../output/output.ts";
import { plain } from "../output/table.ts";
import { formatAge, isoTime, timeMsOf } from "../output/time.ts";

/** What a component's `tag` is in JSON. */
export const tagJson =
  "what the tag of its image names now, or null: moved, digest, running_digest, checked, moved_since, error (why the latest look failed, or null), failed (when)" as const;

export function tagView({ tag }: ComponentInfo): object | null {
  if (tag === undefined) return null;
  const { moved, digest, runningDigest, checked, movedSince, error, failed } = tag;
  return {
    moved,
    digest,
    running_digest: runningDigest,
    checked: isoTime(checked),
    moved_since: isoTime(movedSince),
    error: error === "" ? null : error,
    failed: isoTime(failed),
  };
}

/** Says under which components the tag moved, and what to do about it. */
export function sayMovedTags(
  output: Output,
  rows: readonly { readonly service: { readonly name: string }; readonly component: ComponentInfo }[],
  nowMs: number,
): void {
  const services = new Set<string>();
  for (const { service, component } of rows) {
    if (component.tag?.moved !== true) continue;
    const { digest, runningDigest, checked } = component.tag;
    const checkedMs = timeMsOf(checked);
    const age = checkedMs === undefined ? "" : `, looked up ${formatAge(checkedMs, nowMs)} ago`;
    const digests = `${shortDigest(runningDigest)} runs, ${shortDigest(digest)} is named${age}`;
    output.say(plain(`${service.name}/${component.name}: the tag of ${component.image} moved (${digests})`));
    services.add(service.name);
  }
  for (const service of services)
    output.say(`  next: \`mcp deploy ${service} --pull\`, or let the tag name again what runs`);
}

/** Why tags could not be looked up, each reason once. */
export function tagErrors(
  rows: readonly { readonly node: string; readonly component: ComponentInfo }[],
  nowMs: number,
): string[] {
  const reasons = rows.flatMap(({ node, component: { tag, image } }) => {
    if (tag === undefined || tag.error === "") return [];
    const failedMs = timeMsOf(tag.failed);
    const age = failedMs === undefined ? "" : ` (${formatAge(failedMs, nowMs)} ago)`;
    return [plain(`${node}  ${image}: ${tag.error}${age}`)];
  });
  return [...new Set(reasons)];
}

/** As much of a digest as people compare. */
export function shortDigest(digest: string): string {
  return digest.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1");
}
