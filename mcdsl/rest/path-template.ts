/** The path of a REST form, e.g. `/v1/zones/{zone.name}/records`. */
export interface PathTemplate {
  readonly segments: readonly Segment[];
}

/** `field` is a path into the request's fields, in their names of the description. */
type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "field"; readonly field: string }
  /** All that is left of the path, at least one segment. */
  | { readonly kind: "rest"; readonly field: string };

/** @throws Error where it is not a template: a defect of the description */
export function parsePathTemplate(text: string): PathTemplate {
  if (!text.startsWith("/")) throw new Error(`the path ${text} does not begin with a slash`);
  const segments = text.slice(1).split("/").map(parseSegment);
  const rest = segments.findIndex(({ kind }) => kind === "rest");
  if (rest >= 0 && rest < segments.length - 1) throw new Error(`in ${text} something follows the rest`);
  return { segments };
}

function parseSegment(text: string): Segment {
  const rest = /^\{([a-z_.]+)=\*\*\}$/.exec(text)?.[1];
  if (rest !== undefined) return { kind: "rest", field: rest };
  const field = /^\{([a-z_.]+)\}$/.exec(text)?.[1];
  if (field !== undefined) return { kind: "field", field };
  if (!/^[a-z0-9._-]+$/.test(text)) throw new Error(`"${text}" is no segment of a path`);
  return { kind: "literal", text };
}

/** The values of the template's fields in a path without its query, decoded; undefined: it is another path. */
export function matchPath({ segments }: PathTemplate, path: string): Map<string, string> | undefined {
  const parts = path.slice(1).split("/");
  const values = new Map<string, string>();
  for (const [index, segment] of segments.entries()) {
    const part = segment.kind === "rest" ? parts.slice(index).join("/") : parts[index];
    if (part === undefined || part === "") return undefined;
    if (segment.kind === "literal") {
      if (part !== segment.text) return undefined;
      continue;
    }
    const decoded = decode(part);
    if (decoded === undefined) return undefined;
    values.set(segment.field, decoded);
    if (segment.kind === "rest") return values;
  }
  return parts.length === segments.length ? values : undefined;
}

/** How exact a template is: literals count before fields, from left to right. For sorting, most exact first. */
export function compareTemplates(a: PathTemplate, b: PathTemplate): number {
  const rank = { literal: 0, field: 1, rest: 2 };
  for (const [index, segment] of a.segments.entries()) {
    const other = b.segments[index];
    if (other === undefined) return -1;
    if (rank[segment.kind] !== rank[other.kind]) return rank[segment.kind] - rank[other.kind];
  }
  return 0;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
