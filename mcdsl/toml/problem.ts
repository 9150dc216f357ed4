/** Something wrong in a file, at its place. */
export interface Problem {
  readonly file: string;
  /** From 1; 0 where the problem is not at a place in the file. */
  readonly line: number;
  /** From 1; 0 where the problem is not at a place in the file. */
  readonly column: number;
  /** Dotted path of the key, e.g. `components[0].image`; empty: the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** What would be right. */
  readonly hint?: string;
}

export type Path = readonly (string | number)[];

/** `file:line:column: message (hint)` */
export function formatProblem(problem: Problem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
  return `${place}: ${problem.message}${hint}`;
}

/** `components[0].image` for `["components", 0, "image"]`; keys that are not bare are quoted as in TOML. */
export function formatPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += `${text === "" ? "" : "."}${/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part)}`;
  }
  return text;
}
