import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import {
  DeleteRuleResponseSchema,
  Effect,
  ListRulesResponseSchema,
  type PolicyRule,
  PolicyRuleSchema,
  type PolicyService,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import type { AuditEntry, AuditLog } from "../audit/audit-log.ts";
import type { Policy } from "../policy/policy.ts";
import { type Rule, ruleSchema } from "../policy/rule.ts";

export function createPolicyService(policy: Policy, audit: AuditLog): ServiceImpl<typeof PolicyService> {
  function change<T>(entry: AuditEntry, work: () => T): T {
    try {
      return audit.change(entry, work);
    } finally {
      policy.forget();
    }
  }
  return {
    listRules: () => create(ListRulesResponseSchema, { rules: policy.rules().map(ruleMessage) }),
    putRule({ rule }, context) {
      const given = ruleOf(rule ?? create(PolicyRuleSchema));
      const entry = {
        actor: callerOf(context).name,
        operation: "policy/put-rule",
        subject: given.id,
        facts: { rule: JSON.stringify(given) },
      };
      return ruleMessage(change(entry, () => policy.put(given)));
    },
    deleteRule({ id }, context) {
      const entry = { actor: callerOf(context).name, operation: "policy/delete-rule", subject: id };
      change(entry, () => policy.delete(id));
      return create(DeleteRuleResponseSchema);
    },
  };
}

const effects = { allow: Effect.ALLOW, deny: Effect.DENY };

function ruleMessage({ effect, ...rule }: Rule): PolicyRule {
  return create(PolicyRuleSchema, {
    id: rule.id,
    priority: rule.priority,
    effect: effects[effect],
    accounts: [...rule.accounts],
    kinds: [...rule.kinds],
    roles: [...rule.roles],
    mounts: [...rule.mounts],
    operations: [...rule.operations],
    names: [...rule.names],
    wildcards: rule.wildcards,
  });
}

/** @throws DetailedError RULE_INVALID */
function ruleOf(message: PolicyRule): Rule {
  const { id, priority, accounts, kinds, roles, mounts, operations, names, wildcards } = message;
  const effect = message.effect === Effect.DENY ? "deny" : message.effect === Effect.ALLOW ? "allow" : "";
  const given = { id, priority, effect, accounts, kinds, roles, mounts, operations, names, wildcards };
  const parsed = ruleSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new DetailedError({
    code: "RULE_INVALID",
    category: "invalid-argument",
    attempted: "store rule",
    subject: id.slice(0, 63),
    found: parsed.error.issues.map(({ path, message: said }) => `${path.join(".")}: ${said}`).join("; "),
    remedy: "correct it",
  });
}
