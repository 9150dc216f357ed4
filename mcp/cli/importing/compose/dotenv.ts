import { interpolate } from "./interpolate.ts";

/** The variables of a `.env` file or an `env_file`: `KEY=VALUE`, quoted or not, with comments, in the file's order.
 * @param variables what `${NAME}` means in it, beyond the variables above it */
export function readEnvFile(
  text: string,
  variables: (name: string) => string | undefined,
): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  const known = (name: string): string | undefined => result.get(name) ?? variables(name);
  const pattern =
    /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*(?:'([^']*)'|"((?:[^"\\]|\\[^])*)"|([^\r\n]*))/gm;
  for (const [, key = "", single, double, bare = ""] of text.matchAll(pattern)) {
    if (single !== undefined) result.set(key, single);
    else if (double !== undefined) result.set(key, interpolate(unescaped(double), known).text);
    else result.set(key, interpolate(bare.replace(/(^|[ \t])#.*$/, "").trim(), known).text);
  }
  return result;
}

function unescaped(text: string): string {
  const meanings: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
  return text.replaceAll(/\\([^])/g, (whole, character: string) =>
    character === "$"
      ? "$$"
      : (meanings[character] ?? (character === '"' || character === "\\" ? character : whole)),
  );
}
