import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { durationForm, parseDuration } from "@metacircular/mcp-core/duration.ts";

const units = [
  { name: "d", sizeMs: 86_400_000 },
  { name: "h", sizeMs: 3_600_000 },
  { name: "m", sizeMs: 60_000 },
  { name: "s", sizeMs: 1_000 },
] as const;

/** How long ago, in its largest unit: `3m`; `0s` for less than a second and for the future. */
export function formatAge(fromMs: number, nowMs: number): string {
  const ageMs = Math.max(0, nowMs - fromMs);
  const unit = units.find(({ sizeMs }) => ageMs >= sizeMs) ?? units[3];
  return `${Math.floor(ageMs / unit.sizeMs)}${unit.name}`;
}

/** How long something took: `850ms`, `1.2s`, `75s`. */
export function formatSpan(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`;
  return durationMs < 10_000 ? `${(durationMs / 1_000).toFixed(1)}s` : `${Math.round(durationMs / 1_000)}s`;
}

/** Local time for people: `2026-11-21 06:29:48`. */
export function formatLocalTime(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Milliseconds since the epoch, or undefined where the time is not set. */
export function timeMsOf(timestamp: Timestamp | undefined): number | undefined {
  if (timestamp === undefined || timestamp.seconds === 0n) return undefined;
  return timestampDate(timestamp).getTime();
}

/** ISO 8601 in UTC for JSON, or null where the time is not set. */
export function isoTime(timestamp: Timestamp | undefined): string | null {
  const timeMs = timeMsOf(timestamp);
  return timeMs === undefined || !Number.isFinite(timeMs) ? null : new Date(timeMs).toISOString();
}

/** Reads `--since`: a duration before now, or a point in time (ISO 8601).
 * @throws DetailedError TIME_INVALID */
export function parseSince(text: string, nowMs: number): number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return nowMs - durationMs;
  const timeMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(timeMs)) return timeMs;
  throw new DetailedError({
    code: "TIME_INVALID",
    category: "invalid-argument",
    attempted: "understand --since",
    subject: JSON.stringify(text),
    found: "it is neither a duration nor a time",
    remedy: `give ${durationForm}, or a time such as "2026-11-21T06:00:00Z"`,
  });
}
