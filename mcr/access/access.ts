/** What can be done in a repository. Deleting a tag, a manifest, a blob is `delete`; all else that writes is `push`. */
export type Action = "pull" | "push" | "delete";

/** Who asks. */
export interface Caller {
  readonly kind: "anonymous" | "human" | "system";
  /** Empty: anonymous. */
  readonly name: string;
  readonly roles: readonly string[];
}

/** Rights that a request needs: in a repository, or to the list of repositories. */
export type Scope = { readonly repository: string; readonly actions: readonly Action[] } | "catalog";

/** What one request may do. */
export interface Grants {
  readonly caller: Caller;
  /** Returns when the request may do it.
   * @throws DetailedError UNAUTHORIZED (category unauthenticated) where another token would help, DENIED (category
   * permission-denied) where the rules forbid it to this caller */
  require(action: Action, repository: string): void;
  /** Whether it may, for what is only shown or optional: lists, mounts. */
  may(action: Action, repository: string): boolean;
  /** Returns when the request may list repositories; `lists` says which of them.
   * @throws DetailedError UNAUTHORIZED where another token would help */
  requireCatalog(): void;
  /** Whether the list of repositories may name it. */
  lists(repository: string): boolean;
}

/** Who a request is from, by its `authorization` header. */
export interface Authenticator {
  /** Without a header: what the rules allow to anybody.
   * @throws DetailedError of category unauthenticated, of category permission-denied for guests, or of category
   * unavailable where that cannot be found out now */
  authenticate(authorization: string | undefined, signal?: AbortSignal): Promise<Grants>;
  /** The value of `www-authenticate` (RFC 6750) that tells a client where to get a token, and for what. */
  challenge(scopes: readonly Scope[], error?: "invalid_token" | "insufficient_scope"): string;
  /** Whether anybody may do everything: then clients need not log in at all. */
  readonly open: boolean;
}
