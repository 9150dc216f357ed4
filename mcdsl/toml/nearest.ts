import { closest, distance } from "fastest-levenshtein";

/** The known word that was probably meant, or undefined when none is close. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(word, known);
  const tolerated = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
  return distance(word.toLowerCase(), candidate.toLowerCase()) <= tolerated ? candidate : undefined;
}
