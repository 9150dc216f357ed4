import { limits } from "./limits.ts";
import { type Path, type Problem } from "./problem.ts";

/** Whether the text holds a character that does not belong in a name, path or address. */
export function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** Bounds of one string, and NUL, which no container runtime can pass on. */
export function checkText(
  what: string,
  text: string,
  path: Path,
  longest: number = limits.string,
): Problem[] {
  if (text.length > longest) {
    return [{ path, message: `${what} has ${text.length} characters (${longest} at most)` }];
  }
  return text.includes("\0") ? [{ path, message: `${what} contains a NUL character` }] : [];
}

/** Bound of one list. */
export function checkCount(what: string, count: number, path: Path, most: number = limits.list): Problem[] {
  return count > most ? [{ path, message: `${count} ${what} (${most} at most)` }] : [];
}
