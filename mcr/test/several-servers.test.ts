import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { openPostgres } from "@metacircular/mcdsl/sql/postgres.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { startTestPostgres } from "@metacircular/testkit/postgres.ts";
import { migrations } from "../metadata/migrations.ts";
import { openRules, type Rules } from "../policy/rules.ts";
import { createRegistryTokens, type RegistryTokens } from "../token/registry-tokens.ts";
import { openTokenKeys } from "../token/token-keys.ts";

const by = { caller: { kind: "human", name: "root" }, address: "192.0.2.1" } as const;
const everything = { accounts: [], kinds: [], roles: [], repositories: [], actions: [] };
const alice = { kind: "human", name: "alice", roles: [] } as const;
const noAccess = { catalog: false, repositories: new Map() };

interface Server {
  readonly rules: Rules;
  readonly tokens: RegistryTokens;
}

describe("several servers on one PostgreSQL", () => {
  const cleanup = new AsyncDisposableStack();
  let servers: readonly Server[];

  before(async () => {
    const postgres = cleanup.use(await startTestPostgres());
    const url = await postgres.createDatabase("registry");
    const logger = createLogger({ name: "mcr", level: "error", destination: { write: () => undefined } });
    const audit = { record: (): void => undefined };
    const start = async (): Promise<Server> => {
      const sql = cleanup.use(await openPostgres({ url, migrations }));
      const rules = cleanup.use(await openRules({ sql, clock: systemClock, logger, audit, pollMs: 50 }));
      const keys = openTokenKeys({ sql, clock: systemClock });
      const about = { issuer: "https://mcr.example", service: "mcr.example", clock: systemClock };
      return { rules, tokens: createRegistryTokens({ keys, ...about }) };
    };
    servers = await Promise.all([start(), start(), start()]);
  });
  after(() => cleanup.disposeAsync());

  test("take each other's tokens, from the first moment", async () => {
    const expiresAtMs = systemClock.now() + 300_000;
    const signed = await Promise.all(
      servers.map(({ tokens }) => tokens.sign({ caller: alice, access: noAccess }, expiresAtMs)),
    );
    for (const token of signed) {
      for (const { tokens } of servers) assert.deepEqual((await tokens.verify(token)).caller, alice);
    }
  });

  test("judge by the same rules soon after one of them changed one", async () => {
    const [first, ...others] = servers;
    assert.ok(first);
    const rule = { ...everything, id: "alice", priority: 1, effect: "allow", accounts: ["alice"] };
    await first.rules.put("access", rule, by);
    assert.equal(first.rules.explain(alice, "pull", "team/app").allowed, true);
    for (const { rules } of others) {
      await eventually(() => assert.equal(rules.explain(alice, "pull", "team/app").allowed, true));
    }
  });

  test("lose no rule that is stored at the same time", async () => {
    const puts = servers.flatMap(({ rules }, server) =>
      Array.from({ length: 10 }, (_, index) =>
        rules.put("quota", { id: `q-${server}-${index}`, priority: 1, repositories: [], bytes: index }, by),
      ),
    );
    await Promise.all(puts);
    for (const { rules } of servers) await eventually(() => assert.equal(rules.list("quota").length, 30));
  });
});
