import type { Digest } from "../digest.ts";

/** Rules about repositories besides who may do what. */
export interface RepositoryRules {
  /** @throws DetailedError TAG_IMMUTABLE where the tag must not go or stand for something else */
  requireMovable(
    repository: string,
    tag: string,
    change: { readonly from: Digest; readonly to?: Digest },
  ): void;
  /** Undefined: unlimited. */
  quotaBytes(repository: string): number | undefined;
}
