import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { AuditEntry } from "../audit/audit.ts";
import { migrations } from "../metadata/migrations.ts";
import { openRules, type Rules } from "./rules.ts";

const by = { caller: { kind: "human", name: "root" }, address: "192.0.2.1" } as const;
const everything = { accounts: [], kinds: [], roles: [], repositories: [], actions: [] };
const bob = { kind: "human", name: "bob", roles: [] } as const;

async function aRegistry(t: TestContext) {
  const directory = await createTemporaryDirectory();
  const cleanup = new AsyncDisposableStack();
  cleanup.use(directory);
  t.after(() => cleanup.disposeAsync());
  const entries: AuditEntry[] = [];
  const logger = createLogger({ name: "mcr", level: "error", destination: { write: () => undefined } });
  /** A server of its own on the same database. */
  const open = async (): Promise<Rules> => {
    const sql = cleanup.use(await openSqlite({ file: join(directory.path, "mcr.db"), migrations }));
    const audit = { record: (entry: AuditEntry) => void entries.push(entry) };
    return cleanup.use(await openRules({ sql, clock: systemClock, logger, audit, pollMs: 20 }));
  };
  /** Stores 1,000 quotas. */
  const fill = async (): Promise<void> => {
    const sql = cleanup.use(await openSqlite({ file: join(directory.path, "mcr.db"), migrations }));
    await sql.transaction(async (transaction) => {
      for (let index = 0; index < 1000; index += 1) {
        const rule = { id: `q${index}`, priority: 1, repositories: [], bytes: 7 };
        await transaction.execute("INSERT INTO policy_rule (kind, id, rule) VALUES ('quota', $1, $2)", [
          rule.id,
          JSON.stringify(rule),
        ]);
      }
    });
  };
  return { open, entries, fill };
}

describe("the rules of a registry", () => {
  test("begin with the default ones, which do not come back once they are removed", async (t) => {
    const { open } = await aRegistry(t);
    const rules = await open();
    assert.deepEqual(
      rules.list("access").map(({ id }) => id),
      ["administrators", "system-accounts-pull"],
    );
    assert.deepEqual(
      rules.list("immutability").map(({ id }) => id),
      ["versions"],
    );
    await rules.remove("access", "system-accounts-pull", by);
    await rules.remove("immutability", "versions", by);
    const again = await open();
    assert.deepEqual(
      again.list("access").map(({ id }) => id),
      ["administrators"],
    );
    assert.deepEqual(again.list("immutability"), []);
  });

  test("work as soon as they are stored, and explain themselves", async (t) => {
    const { open } = await aRegistry(t);
    const rules = await open();
    assert.equal(rules.explain(bob, "pull", "team/app").allowed, false);
    const rule = { ...everything, id: "bob", priority: 5, effect: "allow", accounts: ["bob"] };
    const { previous } = await rules.put("access", rule, by);
    assert.equal(previous, undefined);
    assert.deepEqual(rules.explain(bob, "pull", "team/app"), {
      allowed: true,
      rule,
      reason: "the rule bob allows it",
    });
    await rules.put("access", { ...rule, effect: "deny" }, by);
    assert.equal(rules.explain(bob, "pull", "team/app").reason, "the rule bob denies it");
    await rules.put("quota", { id: "q", priority: 1, repositories: ["team/*"], bytes: 5 }, by);
    assert.equal(rules.quotaBytes("team/app"), 5);
  });

  test("are seen by another server of the same database within its look", async (t) => {
    const { open } = await aRegistry(t);
    const [one, other] = [await open(), await open()];
    await one.put("quota", { id: "q", priority: 1, repositories: [], bytes: 7 }, by);
    await eventually(() => assert.equal(other.quotaBytes("any"), 7));
    await other.remove("quota", "q", by);
    await eventually(() => assert.equal(one.quotaBytes("any"), undefined));
  });

  test("are written down with what they were before and what they are", async (t) => {
    const { open, entries } = await aRegistry(t);
    const rules = await open();
    const rule = { id: "q", priority: 1, repositories: [], bytes: 7 };
    await rules.put("quota", rule, by);
    await rules.put("quota", { ...rule, bytes: 8 }, by);
    await rules.remove("quota", "q", by);
    const stored = (bytes: number) => JSON.stringify({ ...rule, bytes });
    assert.deepEqual(
      entries.map(({ action, caller, reference, detail }) => [action, caller.name, reference, detail]),
      [
        ["change-rules", "root", "quota/q", `none -> ${stored(7)}`],
        ["change-rules", "root", "quota/q", `${stored(7)} -> ${stored(8)}`],
        ["change-rules", "root", "quota/q", `${stored(8)} -> none`],
      ],
    );
  });

  test("keep every field of every kind", async (t) => {
    const { open } = await aRegistry(t);
    const rules = await open();
    const tags = {
      match: ["dev-*"],
      protect: ["dev-keep"],
      protectSemver: true,
      keepNewest: 3,
      keepPushedWithinMs: 1000,
      keepPulledWithinMs: 2000,
    };
    const retention = {
      id: "r",
      priority: 1,
      repositories: "team/**",
      tags,
      untaggedAfterMs: 5,
      orphanedAfterMs: undefined,
    };
    await rules.put("retention", retention, by);
    assert.deepEqual(await (await open()).retentionRules(), [retention]);
  });

  test("are refused where they are wrong, missing or too many", async (t) => {
    const { open, fill } = await aRegistry(t);
    const rules = await open();
    const right = { id: "q", priority: 1, repositories: [], bytes: 7 };
    const wrong: unknown[] = [
      { ...right, id: "Not An Id" },
      { ...right, bytes: -1 },
      { ...right, bytes: 2 ** 60 },
      { ...right, repositories: ["a**"] },
      { ...right, more: 1 },
      { ...right, repositories: Array.from({ length: 101 }, () => "a") },
      undefined,
    ];
    for (const rule of wrong) {
      await assert.rejects(rules.put("quota", rule, by), { code: "RULE_INVALID" }, JSON.stringify(rule));
    }
    await assert.rejects(rules.remove("quota", "none", by), { code: "RULE_NOT_FOUND" });
    await fill();
    await assert.rejects(rules.put("quota", right, by), { code: "RULES_TOO_MANY" });
    await rules.put("quota", { ...right, id: "q7", bytes: 9 }, by);
  });
});
