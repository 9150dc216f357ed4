/** What a path of the distribution API stands for. Names, references, digests and ids are as the client wrote them,
 * percent-decoded, and not checked yet. */
export type Route =
  | { readonly kind: "version" }
  | { readonly kind: "catalog" }
  | { readonly kind: "tags"; readonly repository: string }
  | { readonly kind: "manifest"; readonly repository: string; readonly reference: string }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: string }
  | { readonly kind: "uploads"; readonly repository: string }
  | { readonly kind: "upload"; readonly repository: string; readonly id: string }
  | { readonly kind: "referrers"; readonly repository: string; readonly digest: string };

export interface Target {
  /** Undefined: there is nothing at this path. */
  readonly route: Route | undefined;
  readonly query: URLSearchParams;
}

const prefix = "/v2/";

/** Undefined: the request is for something else. That is so for the endpoint that issues tokens, too. */
export function parseTarget(url: string): Target | undefined {
  const [path, query] = splitOnce(pathAndQuery(url), "?");
  if (path !== "/v2" && !path.startsWith(prefix)) return undefined;
  if (path === "/v2/token") return undefined;
  return { route: parsePath(path.slice(prefix.length)), query: new URLSearchParams(query) };
}

/** Of a request to a proxy, too, whose target is a whole URL (RFC 9112, section 3.2.2). */
function pathAndQuery(url: string): string {
  if (url.startsWith("/")) return url;
  const parsed = URL.parse(url);
  return parsed === null ? "" : parsed.pathname + parsed.search;
}

/** A name may have parts that are words of the API, such as `a/tags/list`: what the path ends with decides. */
function parsePath(path: string): Route | undefined {
  if (path === "") return { kind: "version" };
  if (path === "_catalog") return { kind: "catalog" };
  const parts = decoded(path);
  if (parts === undefined) return undefined;
  const last = parts.at(-1) ?? "";
  const nameUntil = (count: number): string => parts.slice(0, -count).join("/");
  if (parts.at(-2) === "blobs" && last === "uploads")
    return withName({ kind: "uploads", repository: nameUntil(2) });
  if (parts.at(-3) === "blobs" && parts.at(-2) === "uploads") {
    const repository = nameUntil(3);
    return withName(last === "" ? { kind: "uploads", repository } : { kind: "upload", repository, id: last });
  }
  const repository = nameUntil(2);
  if (last === "") return undefined;
  switch (parts.at(-2)) {
    case "tags":
      return last === "list" ? withName({ kind: "tags", repository }) : undefined;
    case "manifests":
      return withName({ kind: "manifest", repository, reference: last });
    case "blobs":
      return withName({ kind: "blob", repository, digest: last });
    case "referrers":
      return withName({ kind: "referrers", repository, digest: last });
    default:
      return undefined;
  }
}

function withName(route: Extract<Route, { repository: string }>): Route | undefined {
  return route.repository === "" ? undefined : route;
}

/** Percent-encoding must not smuggle in what separates parts. */
function decoded(path: string): readonly string[] | undefined {
  try {
    const parts = path.split("/").map(decodeURIComponent);
    return parts.some((part) => part.includes("/")) ? undefined : parts;
  } catch {
    return undefined;
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
