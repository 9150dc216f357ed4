import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { formatDigest, type Digest } from "../../digest.ts";
import type { RepositoryRules } from "../../policy/tag-rules.ts";

interface NamedDigest {
  readonly name: string;
  readonly digest: Digest;
}

/** Stands for any other content. */
const otherDigest = formatDigest("sha256", "0".repeat(64));

/** Whether a push to the tag would be refused. */
export function isImmutable(rules: RepositoryRules, repository: string, tag: NamedDigest): boolean {
  return !allows(() => rules.requireMovable(repository, tag.name, { from: tag.digest, to: otherDigest }));
}

export function isDeletable(rules: RepositoryRules, repository: string, tag: NamedDigest): boolean {
  return allows(() => rules.requireMovable(repository, tag.name, { from: tag.digest }));
}

function allows(question: () => void): boolean {
  try {
    question();
    return true;
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.code === "TAG_IMMUTABLE") return false;
    throw thrown;
  }
}
