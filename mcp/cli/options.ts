import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Reads a count for lists, as the agents accept it. */
export function limit(text: string): number {
  return within(text, 1, 1_000);
}

/** Reads the number of a revision. */
export function revision(text: string): number {
  return within(text, 1, Number.MAX_SAFE_INTEGER);
}

/** Reads a number of lines. */
export function lineCount(text: string): number {
  return within(text, 0, 1_000_000_000);
}

/** Reads permissions as `chmod` takes them in octal. */
export function permissions(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new InvalidArgumentError("It is not among 0000 to 0777.");
}

function within(text: string, least: number, most: number): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new InvalidArgumentError(`It is not a whole number from ${least} to ${most}.`);
}
