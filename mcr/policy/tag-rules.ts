import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { ruleId, rulePatterns, rulePriority } from "@metacircular/mcdsl/policy/rule-fields.ts";
import { isAnyOf } from "@metacircular/mcdsl/policy/subject.ts";
import { fitsPattern } from "@metacircular/mcdsl/policy/text-pattern.ts";
import { isVersionTag } from "@metacircular/mcp-core/version-tag.ts";
import { z } from "zod";
import type { Digest } from "../digest.ts";
import { fitsRepository, repositoryPatterns } from "./repository-pattern.ts";

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

/** Stands for versions in a list of tags. */
const VERSIONS = "semver";

/** Which tags stay what they are. A list that is empty matches everything; the first rule that matches decides. */
export const immutabilityRuleSchema = z.strictObject({
  id: ruleId,
  priority: rulePriority,
  repositories: repositoryPatterns,
  /** `*` stands for any text; `semver` for versions such as `1.2.3` and `v1.2.3-rc.1`. */
  tags: rulePatterns,
  immutable: z.boolean(),
  /** An immutable tag may be deleted nevertheless by who has the right to delete. */
  deletable: z.boolean(),
});

export type ImmutabilityRule = Readonly<z.output<typeof immutabilityRuleSchema>>;

/** How much a repository may hold. The first rule that matches decides; where none does it is unlimited. */
export const quotaRuleSchema = z.strictObject({
  id: ruleId,
  priority: rulePriority,
  repositories: repositoryPatterns,
  /** Of distinct blobs and manifests. */
  bytes: z.int().min(0),
});

export type QuotaRule = Readonly<z.output<typeof quotaRuleSchema>>;

/** Rules without an effect are asked by priority, then by id. */
export function compareByPriority(
  a: Pick<QuotaRule, "id" | "priority">,
  b: Pick<QuotaRule, "id" | "priority">,
): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

/** @param rules in the order of `compareByPriority`
 * @throws DetailedError TAG_IMMUTABLE */
export function requireMovable(
  rules: readonly ImmutabilityRule[],
  repository: string,
  tag: string,
  change: { readonly from: Digest; readonly to?: Digest },
): void {
  if (change.from === change.to) return;
  const rule = rules.find(
    ({ repositories, tags }) =>
      fitsRepository(repositories, repository) && isAnyOf(tags, (pattern) => fitsTag(pattern, tag)),
  );
  if (rule?.immutable !== true || (change.to === undefined && rule.deletable)) return;
  throw new DetailedError({
    code: "TAG_IMMUTABLE",
    category: "failed-precondition",
    attempted: change.to === undefined ? "delete tag" : "move tag",
    subject: `${repository}:${tag}`,
    found: `it stands for ${change.from}, and the rule ${rule.id} keeps it so`,
    remedy: change.to === undefined ? "ask an administrator" : "push under another tag",
    facts: { rule: rule.id, digest: change.from },
  });
}

/** @param rules in the order of `compareByPriority`
 * @returns undefined: unlimited */
export function quotaBytes(rules: readonly QuotaRule[], repository: string): number | undefined {
  return rules.find(({ repositories }) => fitsRepository(repositories, repository))?.bytes;
}

function fitsTag(pattern: string, tag: string): boolean {
  return pattern === VERSIONS ? isVersionTag(tag) : fitsPattern(pattern, tag);
}
