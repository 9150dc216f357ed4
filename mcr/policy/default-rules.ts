import type { AccessRule } from "./access-rule.ts";
import type { ImmutabilityRule } from "./tag-rules.ts";

/** What a new registry begins with. They are ordinary rules: who changes or removes one does not get it back. */
export const defaultAccessRules: readonly AccessRule[] = [
  {
    id: "administrators",
    priority: 100,
    effect: "allow",
    accounts: [],
    kinds: [],
    roles: ["admin"],
    repositories: [],
    actions: [],
  },
  {
    id: "system-accounts-pull",
    priority: 200,
    effect: "allow",
    accounts: [],
    kinds: ["system"],
    roles: [],
    repositories: [],
    actions: ["pull"],
  },
];

/** A version that was published stays what it is; one that should not have been published can be withdrawn. */
export const defaultImmutabilityRules: readonly ImmutabilityRule[] = [
  { id: "versions", priority: 1000, repositories: [], tags: ["semver"], immutable: true, deletable: true },
];
