import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startTestPostgres, type TestPostgres } from "@metacircular/testkit/postgres.ts";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import type { Migration } from "../database/migrate.ts";
import { openPostgres } from "../sql/postgres.ts";
import type { SqlDatabase } from "../sql/sql.ts";
import { openSqlite } from "../sql/sqlite.ts";

const migrations: readonly Migration[] = [
  {
    name: "create things",
    sql: `CREATE TABLE thing (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
            content BLOB NOT NULL) STRICT;
          CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
          INSERT INTO counter (name, value) VALUES ('TEXTS', 0)`,
  },
  { name: "index things", sql: "CREATE INDEX thing_by_size ON thing (size) WHERE size > 0" },
];

interface Options {
  readonly name: string;
  readonly migrations?: readonly Migration[];
  readonly timeoutMs?: number;
  readonly maxWaiting?: number;
}

interface Engine {
  readonly name: string;
  prepare(): Promise<void>;
  dispose(): Promise<void>;
  /** The same database for the same name. */
  open(options: Options): Promise<SqlDatabase>;
}

function sqlite(): Engine {
  let directory: TemporaryDirectory;
  return {
    name: "SQLite",
    prepare: async () => void (directory = await createTemporaryDirectory()),
    dispose: async () => directory[Symbol.asyncDispose](),
    open: ({ name, timeoutMs = 30_000, maxWaiting = 1_000, ...rest }) =>
      openSqlite({
        file: join(directory.path, name),
        migrations: rest.migrations ?? migrations,
        transactionTimeoutMs: timeoutMs,
        maxWaiting,
      }),
  };
}

function postgres(): Engine {
  let server: TestPostgres;
  const made = new Map<string, Promise<string>>();
  return {
    name: "PostgreSQL",
    prepare: async () => void (server = await startTestPostgres()),
    dispose: async () => server[Symbol.asyncDispose](),
    async open({ name, timeoutMs = 30_000, maxWaiting = 1_000, ...rest }) {
      const url = made.get(name) ?? server.createDatabase(name);
      made.set(name, url);
      return openPostgres({
        url: await url,
        migrations: rest.migrations ?? migrations,
        statementTimeoutMs: timeoutMs,
        maxConnections: 4,
        maxWaiting,
      });
    },
  };
}

/** Opens a database whose transactions have little time, and makes it in no hurry. */
async function openHasty(engine: Engine, name: string): Promise<SqlDatabase> {
  await (await engine.open({ name }))[Symbol.asyncDispose]();
  return engine.open({ name, timeoutMs: hastyMs });
}

const hastyMs = 500;
const add = "INSERT INTO thing (name, size, content) VALUES ($1, $2, $3)";
const names = async (sql: SqlDatabase): Promise<unknown[]> =>
  (await sql.query("SELECT name FROM thing ORDER BY name")).map((row) => row["name"]);

for (const engine of [sqlite(), postgres()])
  describe(`a database of ${engine.name}`, () => {
    before(() => engine.prepare());
    after(() => engine.dispose());

    test("gives back numbers, also large ones, text and bytes as they were", async () => {
      await using sql = await engine.open({ name: "values_" });
      const content = Uint8Array.from([0, 1, 255]);
      const made = await sql.transaction((tx) =>
        tx.query(`${add} RETURNING id`, ["a 'name' \\ ü", Number.MAX_SAFE_INTEGER, content]),
      );
      assert.deepEqual({ ...made[0] }, { id: 1 });
      const [row] = await sql.query("SELECT name, size, content FROM thing WHERE id = $1", [1]);
      assert.ok(row !== undefined);
      assert.equal(row["name"], "a 'name' \\ ü");
      assert.equal(row["size"], Number.MAX_SAFE_INTEGER);
      assert.deepEqual(new Uint8Array(row["content"] as Uint8Array), content);
      const [sums] = await sql.query("SELECT COUNT(*) AS count, SUM(size) AS sum FROM thing");
      assert.deepEqual({ ...sums }, { count: 1, sum: Number.MAX_SAFE_INTEGER });
    });

    test("sorts text by its bytes, and compares it so", async () => {
      await using sql = await engine.open({ name: "sorted" });
      const expected = ["A", "Z", "_", "a", "a-b", "a.b", "aB", "a_b", "ab", "é"];
      for (const name of expected.toReversed()) await sql.execute(add, [name, 0, new Uint8Array()]);
      assert.deepEqual(await names(sql), expected);
      const rows = await sql.query("SELECT name FROM thing WHERE name > $1 ORDER BY name LIMIT $2", ["_", 2]);
      assert.deepEqual(
        rows.map((row) => row["name"]),
        ["a", "a-b"],
      );
    });

    test("takes the parameters by their number, the same one more than once", async () => {
      await using sql = await engine.open({ name: "parameters" });
      await sql.execute(add, ["x", 3, new Uint8Array()]);
      const rows = await sql.query("SELECT name FROM thing WHERE size = $2 AND name = $1 AND size + 0 = $2", [
        "x",
        3,
      ]);
      assert.equal(rows.length, 1);
    });

    test("says how many rows a statement changed", async () => {
      await using sql = await engine.open({ name: "changed" });
      for (const name of ["a", "b", "c"]) await sql.execute(add, [name, 1, new Uint8Array()]);
      assert.equal(await sql.execute("UPDATE thing SET size = 2 WHERE name > $1", ["a"]), 2);
      assert.equal(await sql.execute("DELETE FROM thing WHERE name = $1", ["z"]), 0);
    });

    test("undoes a transaction that throws, and shows nobody what is not committed", async () => {
      await using sql = await engine.open({ name: "undone" });
      const failure = new Error("no");
      const body = sql.transaction(async (tx) => {
        await tx.execute(add, ["a", 1, new Uint8Array()]);
        assert.deepEqual(await names(sql), []);
        throw failure;
      });
      await assert.rejects(body, failure);
      assert.deepEqual(await names(sql), []);
      await sql.transaction((tx) => tx.execute(add, ["b", 1, new Uint8Array()]));
      assert.deepEqual(await names(sql), ["b"]);
    });

    test("loses no change of many transactions at once that read before they write", async () => {
      await using sql = await engine.open({ name: "counted" });
      const increment = (): Promise<unknown> =>
        sql.transaction(async (tx) => {
          const [row] = await tx.query("SELECT value FROM counter WHERE name = $1", ["TEXTS"]);
          await tx.execute("UPDATE counter SET value = $1 WHERE name = $2", [
            Number(row?.["value"]) + 1,
            "TEXTS",
          ]);
        });
      await Promise.all(Array.from({ length: 40 }, increment));
      const [row] = await sql.query("SELECT value FROM counter");
      assert.equal(row?.["value"], 40);
    });

    test("is serializable: two that each read what the other writes do not both pass", async () => {
      await using sql = await engine.open({ name: "skewed" });
      const addIfNone = (name: string): Promise<number> =>
        sql.transaction(async (tx) => {
          const found = await tx.query("SELECT id FROM thing WHERE size = 5");
          return found.length > 0 ? 0 : tx.execute(add, [name, 5, new Uint8Array()]);
        });
      for (let round = 0; round < 10; round += 1) {
        const added = await Promise.all([addIfNone(`a${round}`), addIfNone(`b${round}`)]);
        assert.equal(added[0] + added[1], 1);
        await sql.execute("DELETE FROM thing");
      }
    });

    test("runs the body of a transaction again where another one inserted the same key first", async () => {
      await using sql = await engine.open({ name: "twice" });
      const ensure = (): Promise<void> =>
        sql.transaction(async (tx) => {
          const found = await tx.query("SELECT id FROM thing WHERE name = $1", ["same"]);
          if (found.length === 0) await tx.execute(add, ["same", 1, new Uint8Array()]);
        });
      await Promise.all(Array.from({ length: 8 }, ensure));
      assert.deepEqual(await names(sql), ["same"]);
    });

    test("throws what is a mistake of the caller as it is, and goes on", async () => {
      await using sql = await engine.open({ name: "mistakes" });
      await assert.rejects(sql.query("SELECT name FROM nowhere"), /nowhere/);
      await assert.rejects(
        sql.transaction((tx) => tx.execute("INSERT INTO nowhere VALUES (1)")),
        /nowhere/,
      );
      assert.deepEqual(await names(sql), []);
    });

    test("rolls back a transaction that takes too long, and lets the next one in", async () => {
      await using sql = await openHasty(engine, "slow");
      const endless = sql.transaction(async (tx) => {
        await tx.execute(add, ["a", 1, new Uint8Array()]);
        await new Promise(() => undefined);
      });
      await assert.rejects(endless, { code: "DATABASE_TIMEOUT", category: "unavailable" });
      await sql.execute(add, ["b", 1, new Uint8Array()]);
      assert.deepEqual(await names(sql), ["b"]);
    });

    test("refuses statements of a transaction that is over", async () => {
      await using sql = await openHasty(engine, "over");
      const late = Promise.withResolvers<unknown>();
      const endless = sql.transaction(async (tx) => {
        await new Promise((resolve) => setTimeout(resolve, 2 * hastyMs));
        late.resolve(tx.execute(add, ["late", 1, new Uint8Array()]).catch((error: unknown) => error));
      });
      await assert.rejects(endless, { code: "DATABASE_TIMEOUT" });
      assert.ok((await late.promise) instanceof Error);
      assert.deepEqual(await names(sql), []);
    });

    test("cancels the wait for its turn", async () => {
      await using sql = await engine.open({ name: "cancelled" });
      const patience = new AbortController();
      const first = Promise.withResolvers<void>();
      // As many as can write at a time.
      const inside = [1, 2].map(() => sql.transaction(() => first.promise));
      const waiting = sql.transaction(async (tx) => tx.execute(add, ["a", 1, new Uint8Array()]), {
        signal: patience.signal,
      });
      patience.abort(new Error("enough"));
      await assert.rejects(waiting, /enough/);
      first.resolve();
      await Promise.all(inside);
      assert.deepEqual(await names(sql), []);
    });

    test("refuses more waiting changes than it may hold", async () => {
      await using sql = await engine.open({ name: "busy", maxWaiting: 3 });
      const release = Promise.withResolvers<void>();
      const many = Array.from({ length: 8 }, () => sql.transaction(() => release.promise));
      const results = Promise.allSettled(many);
      await assert.rejects(Promise.any(many.slice(-1)), AggregateError);
      release.resolve();
      const codes = (await results).flatMap((result) =>
        result.status === "rejected" ? [(result.reason as { code: string }).code] : [],
      );
      assert.ok(codes.length > 0);
      assert.deepEqual([...new Set(codes)], ["DATABASE_BUSY"]);
    });

    test("opens what is there with changes that are new, and refuses what is newer than itself", async () => {
      const more = [...migrations, { name: "more", sql: "CREATE TABLE more (name TEXT PRIMARY KEY) STRICT" }];
      {
        await using sql = await engine.open({ name: "newer" });
        await sql.execute(add, ["kept", 1, new Uint8Array()]);
      }
      {
        await using sql = await engine.open({ name: "newer", migrations: more });
        assert.deepEqual(await sql.query("SELECT name FROM more"), []);
        assert.deepEqual(await names(sql), ["kept"]);
      }
      await assert.rejects(engine.open({ name: "newer" }), { code: "DATABASE_TOO_NEW" });
    });

    test("undoes a change of the schema that fails half-way, and names it", async () => {
      const failing = {
        name: "break",
        sql: "CREATE TABLE half (name TEXT) STRICT; INSERT INTO nowhere VALUES (1)",
      };
      const opening = engine.open({ name: "failing", migrations: [...migrations, failing] });
      await assert.rejects(opening, { code: "DATABASE_MIGRATION_FAILED", found: /"break"/ });
      await using sql = await engine.open({ name: "failing" });
      await assert.rejects(sql.query("SELECT name FROM half"), /half/);
    });

    test("applies each change once when two programs open it at the same time", async () => {
      const both = await Promise.all([engine.open({ name: "twofold" }), engine.open({ name: "twofold" })]);
      for (const sql of both) assert.equal((await sql.query("SELECT value FROM counter")).length, 1);
      for (const sql of both) await sql[Symbol.asyncDispose]();
    });
  });
