/** Where in a definition, in its own key names: `["components", 0, "ports", 1]`. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, and how to put it right in parentheses at the end. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** A value as it appears in messages: quoted, with control characters escaped, shortened. */
export function quote(value: string): string {
  const longest = 80;
  return JSON.stringify(value.length > longest ? `${value.slice(0, longest)}…` : value);
}
