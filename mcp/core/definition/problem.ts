/** Where in a definition, in its own key names: `["components", 0, "ports", 1]`. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, and how to put it right in parentheses at the end. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** `components[0].ports[1]` */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}

/** A value as it appears in messages: quoted, with control characters escaped, shortened. */
export function quote(value: string): string {
  const longest = 80;
  return JSON.stringify(value.length > longest ? `${value.slice(0, longest)}…` : value);
}
