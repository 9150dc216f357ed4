import { closest, distance } from "fastest-levenshtein";

/** The known word that was probably meant, or undefined when none is close. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(word, known);
  const characters = Math.max(word.length, candidate.length);
  // A transposition counts as two.
  const tolerated = characters < 4 ? 1 : Math.max(2, Math.floor(characters / 3));
  return distance(word.toLowerCase(), candidate.toLowerCase()) <= tolerated ? candidate : undefined;
}
