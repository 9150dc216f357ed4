import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";
import { defaultAccessRules, defaultImmutabilityRules } from "./default-rules.ts";

/** The rules of all kinds, each with its fields as JSON, and a number that grows with every change. The rules that a new
 * registry begins with are put in here, so that they come once and stay away when they are removed. */
export const createRules: Migration = {
  name: "create rules",
  sql: `
    CREATE TABLE policy_rule (
      kind TEXT NOT NULL,
      id TEXT NOT NULL,
      rule TEXT NOT NULL,
      PRIMARY KEY (kind, id)
    ) STRICT;
    CREATE TABLE policy_version (
      id INTEGER PRIMARY KEY,
      version INTEGER NOT NULL
    ) STRICT;
    INSERT INTO policy_version (id, version) VALUES (1, 1);
    ${defaultAccessRules.map((rule) => insertion("access", rule)).join("\n    ")}
    ${defaultImmutabilityRules.map((rule) => insertion("immutability", rule)).join("\n    ")}
  `,
};

function insertion(kind: string, rule: { readonly id: string }): string {
  return `INSERT INTO policy_rule (kind, id, rule) VALUES ('${kind}', '${rule.id}', '${JSON.stringify(rule)}');`;
}
