import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type Digest, formatDigest } from "../digest.ts";
import type { RepositoryRules } from "../policy/tag-rules.ts";

/** Differs from what a tag stands for: whether it may move does not depend on whereto. */
const another = formatDigest("sha256", "0".repeat(64));

/** Whether the rules let a tag stand for something else. */
export function isMovable(rules: RepositoryRules, repository: string, tag: string, from: Digest): boolean {
  try {
    rules.requireMovable(repository, tag, { from, to: another });
    return true;
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.code === "TAG_IMMUTABLE") return false;
    throw thrown;
  }
}
