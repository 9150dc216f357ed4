import { type ApiService, apiService } from "@metacircular/mcdsl/server/api-server.ts";
import { RuleService } from "@metacircular/proto/gen/mcr/v1/rules_pb.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Action, Caller } from "../access/access.ts";
import { formatDigest } from "../digest.ts";
import { isRepositoryName } from "../names.ts";
import type { Rules } from "../policy/rules.ts";
import { requestOf } from "./caller.ts";
import {
  accessMessage,
  accessOf,
  immutabilityMessage,
  immutabilityOf,
  quotaMessage,
  quotaOf,
  retentionMessage,
  retentionOf,
} from "./rule-message.ts";

const actions: readonly Action[] = ["pull", "push", "delete"];

/** Rules by gRPC and REST. What is no rule is refused by the store. */
export function ruleService({ rules }: { readonly rules: Rules }): ApiService {
  return apiService(RuleService, {
    listAccessRules: () => ({ rules: rules.list("access").map(accessMessage) }),
    async putAccessRule({ rule }, context) {
      const stored = await rules.put("access", accessOf(requireRule(rule)), requestOf(context));
      return accessMessage(stored.rule);
    },
    async deleteAccessRule({ id }, context) {
      await rules.remove("access", id, requestOf(context));
      return {};
    },
    listImmutabilityRules: () => ({ rules: rules.list("immutability").map(immutabilityMessage) }),
    async putImmutabilityRule({ rule }, context) {
      const stored = await rules.put("immutability", immutabilityOf(requireRule(rule)), requestOf(context));
      return immutabilityMessage(stored.rule);
    },
    async deleteImmutabilityRule({ id }, context) {
      await rules.remove("immutability", id, requestOf(context));
      return {};
    },
    listQuotaRules: () => ({ rules: rules.list("quota").map(quotaMessage) }),
    async putQuotaRule({ rule }, context) {
      return quotaMessage((await rules.put("quota", quotaOf(requireRule(rule)), requestOf(context))).rule);
    },
    async deleteQuotaRule({ id }, context) {
      await rules.remove("quota", id, requestOf(context));
      return {};
    },
    listRetentionRules: () => ({ rules: rules.list("retention").map(retentionMessage) }),
    async putRetentionRule({ rule }, context) {
      const stored = await rules.put("retention", retentionOf(requireRule(rule)), requestOf(context));
      return retentionMessage(stored.rule);
    },
    async deleteRetentionRule({ id }, context) {
      await rules.remove("retention", id, requestOf(context));
      return {};
    },
    explainRules({ account, kind, roles, repository, tag }) {
      const caller = { name: account, kind: kindOf(kind, account), roles };
      requireRepositoryName(repository);
      const quota = rules.quotaBytes(repository);
      return {
        decisions: actions.map((action) => {
          const { allowed, rule, reason } = rules.explain(caller, action, repository);
          return { action, allowed, rule: rule?.id ?? "", reason };
        }),
        ...explainTag(rules, repository, tag),
        ...(quota === undefined ? {} : { quotaBytes: BigInt(quota) }),
      };
    },
  });
}

const from = formatDigest("sha256", "0".repeat(64));
const to = formatDigest("sha256", "1".repeat(64));

function explainTag(
  rules: Rules,
  repository: string,
  tag: string,
): { immutable: boolean; immutabilityRule: string } {
  try {
    if (tag !== "") rules.requireMovable(repository, tag, { from, to });
    return { immutable: false, immutabilityRule: "" };
  } catch (thrown) {
    if (!(thrown instanceof DetailedError) || thrown.code !== "TAG_IMMUTABLE") throw thrown;
    return { immutable: true, immutabilityRule: thrown.facts["rule"] ?? "" };
  }
}

/** @throws DetailedError RULE_INVALID */
function requireRule<Rule>(rule: Rule | undefined): Rule {
  if (rule !== undefined) return rule;
  throw new DetailedError({
    code: "RULE_INVALID",
    category: "invalid-argument",
    attempted: "store rule",
    found: "the request has none",
    remedy: "send the rule's fields",
  });
}

/** @throws DetailedError ACCOUNT_KIND_UNKNOWN */
function kindOf(text: string, account: string): Caller["kind"] {
  if (text === "") return account === "" ? "anonymous" : "human";
  if (text === "human" || text === "system" || text === "anonymous") return text;
  throw new DetailedError({
    code: "ACCOUNT_KIND_UNKNOWN",
    category: "invalid-argument",
    attempted: "explain rules",
    subject: JSON.stringify(text.slice(0, 40)),
    found: "it is no kind of account",
    remedy: 'say "human", "system" or "anonymous"',
  });
}

/** @throws DetailedError REPOSITORY_NAME_INVALID */
function requireRepositoryName(name: string): void {
  if (isRepositoryName(name)) return;
  throw new DetailedError({
    code: "REPOSITORY_NAME_INVALID",
    category: "invalid-argument",
    attempted: "explain rules",
    subject: JSON.stringify(name.slice(0, 80)),
    found: "it is no name of a repository",
    remedy: "use lower case letters, digits, single separators and slashes, such as team/app",
  });
}
