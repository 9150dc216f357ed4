import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import { splitWords } from "../words.ts";

/** The operator's editor and its arguments: `EDITOR`, else `VISUAL`, else `vi`. No shell is involved.
 * @throws DetailedError EDITOR_INVALID */
export function editorCommand(environment: Environment): readonly string[] {
  for (const variable of ["EDITOR", "VISUAL"]) {
    const text = environment[variable] ?? "";
    if (text.trim() === "") continue;
    const words = splitWords(text);
    if (words !== undefined && words[0] !== "") return words;
    throw new DetailedError({
      code: "EDITOR_INVALID",
      category: "invalid-argument",
      attempted: "start the editor",
      subject: text,
      found: words === undefined ? `a quote in ${variable} is not closed` : `${variable} names no program`,
      remedy: `set ${variable} to a program and its arguments, e.g. "vi" or "code --wait"`,
    });
  }
  return ["vi"];
}
