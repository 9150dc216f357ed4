import { type Digest, parseDigest } from "../digest.ts";
import { isRepositoryName, isTag } from "../names.ts";

interface PlainRoute {
  readonly page: "repositories" | "login" | "logout" | "audit" | "rules" | "collection";
}

/** A page, and what it is about. */
export type Route =
  | PlainRoute
  | { readonly page: "repository" | "delete-repository"; readonly repository: string }
  | {
      readonly page: "manifest" | "delete-manifest";
      readonly repository: string;
      readonly reference: Digest | { readonly tag: string };
    };

const plain: Readonly<Record<string, PlainRoute>> = {
  "/": { page: "repositories" },
  "/login": { page: "login" },
  "/logout": { page: "logout" },
  "/audit": { page: "audit" },
  "/rules": { page: "rules" },
  "/collection": { page: "collection" },
};

/** What a path leads to; undefined: to nothing. No part of a repository's name is a single dash, so that one separates
 * the name from what follows. */
export function routeOf(path: string): Route | undefined {
  if (Object.hasOwn(plain, path)) return plain[path];
  const [, repository = "", rest = ""] = /^\/r\/(.+?)(?:\/-\/(.*))?$/.exec(path) ?? [];
  if (!isRepositoryName(repository)) return undefined;
  if (rest === "") return path.endsWith("/-/") ? undefined : { page: "repository", repository };
  if (rest === "delete") return { page: "delete-repository", repository };
  const [, kind, text = "", removal] = /^(tags|manifests)\/([^/]+)(\/delete)?$/.exec(rest) ?? [];
  const reference = kind === "tags" ? tagNamed(text) : parseDigest(text);
  if (reference === undefined) return undefined;
  return { page: removal === undefined ? "manifest" : "delete-manifest", repository, reference };
}

export function repositoryPath(repository: string): string {
  return `/r/${repository}`;
}

/** Of the page of a tag, or of a manifest by its digest. */
export function manifestPath(repository: string, reference: Digest | { readonly tag: string }): string {
  const rest = typeof reference === "string" ? `manifests/${reference}` : `tags/${reference.tag}`;
  return `/r/${repository}/-/${rest}`;
}

function tagNamed(text: string): { readonly tag: string } | undefined {
  return isTag(text) ? { tag: text } : undefined;
}
