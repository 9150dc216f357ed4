import { pageInvalid } from "./errors.ts";

export interface Page {
  /** Undefined: the client leaves it to us. */
  readonly limit: number | undefined;
  readonly after: string;
}

const maxLastLength = 512;

/** Query parameters `n` and `last` (section "Listing Tags").
 * @throws DetailedError PAGE_INVALID */
export function parsePage(query: URLSearchParams): Page {
  const n = query.get("n");
  const after = query.get("last") ?? "";
  if (n !== null && !/^\d{1,9}$/.test(n)) throw pageInvalid("`n` is no number");
  if (after.length > maxLastLength) throw pageInvalid("`last` is longer than any name");
  return { limit: n === null || n === "" ? undefined : Number(n), after };
}

/** The header `Link` (RFC 8288) with where the list goes on; a relative path works behind any proxy. */
export function nextLink(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
): { link: string } {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
  return { link: `<${path}?${parameters.toString()}>; rel="next"` };
}
