import { InvalidArgumentError } from "@commander-js/extra-typings";
import { type Timestamp, timestampDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { formatTime } from "@metacircular/mcdsl/commands/table.ts";
import { durationForm, parseDuration } from "@metacircular/mcp-core/duration.ts";

/** For people; `-` where there is none. */
export function timeText(time: Timestamp | undefined): string {
  return time === undefined ? "-" : formatTime(timestampDate(time).getTime());
}

/** Reads an instant: ISO 8601, or a duration before now. */
export function instantBefore(now: () => number): (text: string) => Timestamp {
  return (text) => {
    const agoMs = parseDuration(text);
    if (agoMs !== undefined) return timestampFromMs(now() - agoMs);
    const atMs = Date.parse(text);
    if (Number.isNaN(atMs)) {
      throw new InvalidArgumentError(
        `Give a time such as 2026-01-31T12:00:00Z, or ${durationForm} before now.`,
      );
    }
    return timestampFromMs(atMs);
  };
}

/** Whole seconds of a duration. */
export function parseSeconds(text: string): bigint {
  const durationMs = parseDuration(text);
  if (durationMs === undefined || durationMs % 1_000 !== 0) {
    throw new InvalidArgumentError(`Give ${durationForm}, in whole seconds.`);
  }
  return BigInt(durationMs / 1_000);
}
