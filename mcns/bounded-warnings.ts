import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";

/** Writes a warning, unless there were too many of them lately. */
export type Warn = (fields: object, message: string) => void;

/** Lines at once; then as many in a minute. */
const mostLines = 60;
const refillMs = 60_000;

/** Warnings that strangers can cause with a packet each, which must not fill the disk. What was left out is counted in
 * the next line, as `left_out`. */
export function boundedWarnings(logger: Logger, clock: Clock): Warn {
  let lines = mostLines;
  let filledAtMs = clock.now();
  let leftOut = 0;
  return (fields, message) => {
    const nowMs = clock.now();
    lines = Math.min(mostLines, lines + (Math.max(0, nowMs - filledAtMs) * mostLines) / refillMs);
    filledAtMs = nowMs;
    if (lines < 1) {
      leftOut += 1;
      return;
    }
    lines -= 1;
    logger.warn(leftOut === 0 ? fields : { ...fields, left_out: leftOut }, message);
    leftOut = 0;
  };
}
