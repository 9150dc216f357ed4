import { closest, distance } from "fastest-levenshtein";

/** The known word that was probably meant, or undefined when none is close. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  // The beginning of exactly one of them, such as "host" of "hostname".
  const [longer, ...others] = word.length < 3 ? [] : known.filter((each) => each.startsWith(word));
  if (longer !== undefined && others.length === 0) return longer;
  const candidate = closest(word, known);
  const characters = Math.max(word.length, candidate.length);
  // A transposition counts as two.
  const tolerated = characters < 4 ? 1 : Math.max(2, Math.floor(characters / 3));
  return distance(word.toLowerCase(), candidate.toLowerCase()) <= tolerated ? candidate : undefined;
}
