import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Reads a whole number from 0 to `most`. */
export function wholeNumber(most: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,15}$/u.test(text) && Number(text) <= most) return Number(text);
    throw new InvalidArgumentError(`Give a whole number from 0 to ${most}.`);
  };
}

const units: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Reads a size such as `500M` or `20G`, in bytes; units are powers of 1024. */
export function parseSize(text: string): bigint {
  const match = /^(\d{1,9})([KMGT]?)(?:i?B)?$/u.exec(text);
  if (match === null) throw new InvalidArgumentError("Give a size in bytes, or such as 500M, 20G or 1T.");
  return BigInt(match[1] ?? "0") * BigInt(units[match[2] ?? ""] ?? 1);
}

/** For options that can be given several times. */
export function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}
