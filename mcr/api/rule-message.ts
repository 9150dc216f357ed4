import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type AccessRule as AccessMessage,
  type AccessRuleSchema,
  Effect,
  type ImmutabilityRule as ImmutabilityMessage,
  type ImmutabilityRuleSchema,
  type QuotaRule as QuotaMessage,
  type QuotaRuleSchema,
  type RetentionRule as RetentionMessage,
  type RetentionRuleSchema,
} from "@metacircular/proto/gen/mcr/v1/rules_pb.ts";
import type { RuleOf } from "../policy/rule-book.ts";

// Between the rules as they are judged and as they are on the wire. What comes from the wire is checked by the store.

const secondMs = 1_000;

export function accessMessage(rule: RuleOf["access"]): MessageInitShape<typeof AccessRuleSchema> {
  const { id, priority, effect, accounts, kinds, roles, repositories, actions } = rule;
  return {
    id,
    priority,
    effect: effect === "allow" ? Effect.ALLOW : Effect.DENY,
    accounts: [...accounts],
    kinds: [...kinds],
    roles: [...roles],
    repositories: [...repositories],
    actions: [...actions],
  };
}

export function accessOf(message: AccessMessage): object {
  const { id, priority, effect, accounts, kinds, roles, repositories, actions } = message;
  // Anything else than the two is refused.
  const words: Readonly<Record<number, string>> = { [Effect.ALLOW]: "allow", [Effect.DENY]: "deny" };
  return { id, priority, effect: words[effect], accounts, kinds, roles, repositories, actions };
}

export function immutabilityMessage(
  rule: RuleOf["immutability"],
): MessageInitShape<typeof ImmutabilityRuleSchema> {
  const { id, priority, repositories, tags, immutable, deletable } = rule;
  return { id, priority, repositories: [...repositories], tags: [...tags], immutable, deletable };
}

export function immutabilityOf(message: ImmutabilityMessage): object {
  const { id, priority, repositories, tags, immutable, deletable } = message;
  return { id, priority, repositories, tags, immutable, deletable };
}

export function quotaMessage(rule: RuleOf["quota"]): MessageInitShape<typeof QuotaRuleSchema> {
  const { id, priority, repositories, bytes } = rule;
  return { id, priority, repositories: [...repositories], bytes: BigInt(bytes) };
}

export function quotaOf({ id, priority, repositories, bytes }: QuotaMessage): object {
  return { id, priority, repositories, bytes: Number(bytes) };
}

export function retentionMessage(rule: RuleOf["retention"]): MessageInitShape<typeof RetentionRuleSchema> {
  const { id, priority, repositories, tags, untaggedAfterMs, orphanedAfterMs } = rule;
  return {
    id,
    priority,
    repositories,
    ...(tags === undefined ? {} : { tags: tagsMessage(tags) }),
    ...(untaggedAfterMs === undefined ? {} : { untaggedAfterSeconds: seconds(untaggedAfterMs) }),
    ...(orphanedAfterMs === undefined ? {} : { orphanedAfterSeconds: seconds(orphanedAfterMs) }),
  };
}

function tagsMessage(tags: NonNullable<RuleOf["retention"]["tags"]>) {
  return {
    match: [...tags.match],
    protect: [...tags.protect],
    protectVersions: tags.protectSemver,
    keepNewest: tags.keepNewest,
    keepPushedWithinSeconds: seconds(tags.keepPushedWithinMs),
    keepPulledWithinSeconds: seconds(tags.keepPulledWithinMs),
  };
}

export function retentionOf(message: RetentionMessage): object {
  const { id, priority, repositories, tags, untaggedAfterSeconds, orphanedAfterSeconds } = message;
  const kept = tags && {
    match: tags.match,
    protect: tags.protect,
    protectSemver: tags.protectVersions,
    keepNewest: tags.keepNewest,
    keepPushedWithinMs: Number(tags.keepPushedWithinSeconds) * secondMs,
    keepPulledWithinMs: Number(tags.keepPulledWithinSeconds) * secondMs,
  };
  return {
    id,
    priority,
    repositories,
    tags: kept,
    untaggedAfterMs: untaggedAfterSeconds === undefined ? undefined : Number(untaggedAfterSeconds) * secondMs,
    orphanedAfterMs: orphanedAfterSeconds === undefined ? undefined : Number(orphanedAfterSeconds) * secondMs,
  };
}

function seconds(durationMs: number): bigint {
  return BigInt(Math.floor(durationMs / secondMs));
}
