/** Longest path below a service's directory, and longest name in it, in bytes of UTF-8. */
const longestPathBytes = 1_024;
const longestNameBytes = 255;
const mostNames = 64;

/** What the names of unfinished files begin with; no path may name one. */
export const temporaryFilePrefix = ".mcp-upload-";

/** What is wrong with a path of a file, relative to its service's directory; undefined: nothing. What it names
 * is for the node to find out. */
export function filePathProblem(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.startsWith("/")) return "it is absolute";
  if (Buffer.byteLength(path) > longestPathBytes) return `it is longer than ${longestPathBytes} bytes`;
  if (/\p{Cc}/u.test(path) || !path.isWellFormed()) return "it has control characters";
  const names = path.split("/");
  if (names.length > mostNames) return `it has more than ${mostNames} parts`;
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function nameProblem(name: string): string | undefined {
  if (name === "") return "it has an empty part";
  if (name === "." || name === "..") return `it has a part "${name}"`;
  if (Buffer.byteLength(name) > longestNameBytes) return `a part is longer than ${longestNameBytes} bytes`;
  if (name.startsWith(temporaryFilePrefix))
    return `names with ${temporaryFilePrefix} are for unfinished files`;
  return undefined;
}
