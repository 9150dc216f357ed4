import { fitsPattern } from "@metacircular/mcdsl/policy/text-pattern.ts";
import { z } from "zod";

const MAX_PATTERNS = 100;
const MAX_PATTERN_CHARACTERS = 255;

/** A name of repositories in which `*` stands for any text within one part between slashes, and a part `**` for one part
 * or more: `team/*` fits `team/app`, but neither `team` nor `team/app/worker`, which `team/**` fits. */
export const repositoryPattern = z
  .string()
  .max(MAX_PATTERN_CHARACTERS)
  .regex(
    /^[a-z0-9._*-]+(?:\/[a-z0-9._*-]+)*$/u,
    "must be a name of repositories, with `*` and `**` for its parts",
  )
  .refine(
    (pattern) => pattern.split("/").every((part) => part === "**" || !part.includes("**")),
    "must have `**` as a whole part between slashes only",
  );

export const repositoryPatterns = z.array(repositoryPattern).max(MAX_PATTERNS);

/** Whether one of the patterns fits the name; none at all fits every name. */
export function fitsRepository(patterns: readonly string[], repository: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => fitsName(pattern, repository));
}

/** Most patterns differ from most names in what is before their first `*`. */
function fitsName(pattern: string, name: string): boolean {
  const wildcard = pattern.indexOf("*");
  if (wildcard === -1) return pattern === name;
  return name.startsWith(pattern.slice(0, wildcard)) && fits(pattern.split("/"), name.split("/"));
}

/** Goes back to the last `**` only: what an earlier one could take more, the last one can as well. */
function fits(pattern: readonly string[], name: readonly string[]): boolean {
  let wanted = 0;
  let found = 0;
  let retry: { wanted: number; found: number } | undefined;
  while (found < name.length) {
    if (pattern[wanted] === "**") {
      wanted += 1;
      found += 1;
      retry = { wanted, found };
    } else if (wanted < pattern.length && fitsPattern(pattern[wanted] ?? "", name[found] ?? "")) {
      wanted += 1;
      found += 1;
    } else if (retry === undefined) {
      return false;
    } else {
      retry.found += 1;
      ({ wanted, found } = retry);
    }
  }
  return wanted === pattern.length;
}
