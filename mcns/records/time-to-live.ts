import { RecordProblem } from "./record-problem.ts";

/** RFC 2181 section 8. */
const longestSeconds = 2 ** 31 - 1;

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

export function looksLikeSeconds(text: string): boolean {
  return /^(\d+|(\d+[smhdw])+)$/iu.test(text);
}

/** Seconds, as a number or as BIND writes them: "1h30m".
 * @throws RecordProblem */
export function readSeconds(text: string): number {
  if (!looksLikeSeconds(text)) {
    throw new RecordProblem(`${JSON.stringify(text)} is no time`, {
      hint: 'write seconds, or such as "1h30m"',
    });
  }
  const seconds = /^\d+$/u.test(text)
    ? Number(text)
    : [...text.toLowerCase().matchAll(/(\d+)([smhdw])/gu)].reduce(
        (sum, [, count, unit = ""]) => sum + Number(count) * (unitSeconds[unit] ?? 0),
        0,
      );
  if (seconds <= longestSeconds) return seconds;
  throw new RecordProblem(`${text} is longer than ${longestSeconds} seconds`);
}
