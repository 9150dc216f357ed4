import { fine, type Judgement, problem, warning } from "@metacircular/mcp-core/doctor/finding.ts";

const warnMs = 2_000;
/** From here on new tokens and certificates are refused as not yet valid. */
const problemMs = 30_000;

/** By how much another clock is ahead of ours, at least: it was read at some time between question and answer.
 * @param theirs.resolutionMs of what they told: 1,000 for the date of HTTP, which is cut to whole seconds */
export function leastOffsetMs(
  theirs: { readonly nowMs: number; readonly resolutionMs: number },
  ours: { readonly askedAtMs: number; readonly answeredAtMs: number },
): number {
  const latestMs = theirs.nowMs + theirs.resolutionMs;
  if (latestMs < ours.askedAtMs) return latestMs - ours.askedAtMs;
  return theirs.nowMs > ours.answeredAtMs ? theirs.nowMs - ours.answeredAtMs : 0;
}

/** @param offsetMs positive: the other clock is ahead */
export function judgeOffset(who: string, offsetMs: number): Judgement {
  const subject = `clock of ${who}`;
  const seconds = (Math.abs(offsetMs) / 1_000).toFixed(1);
  if (Math.abs(offsetMs) < warnMs)
    return fine(subject, `it agrees with this machine's to ${warnMs / 1_000} s`);
  const found = `it is ${seconds} s ${offsetMs > 0 ? "ahead of" : "behind"} this machine's`;
  const remedy = "synchronise both clocks: timedatectl set-ntp true, or chronyc makestep";
  return Math.abs(offsetMs) < problemMs ? warning(subject, found, remedy) : problem(subject, found, remedy);
}
