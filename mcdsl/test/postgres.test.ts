import { randomBytes } from "node:crypto";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createSmallDisk } from "@metacircular/testkit/small-disk.ts";
import { startTestPostgres, type TestPostgres } from "@metacircular/testkit/postgres.ts";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import { openPostgres } from "../sql/postgres.ts";
import type { SqlDatabase } from "../sql/sql.ts";

const migrations = [
  { name: "create things", sql: "CREATE TABLE thing (name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT" },
];
const add = "INSERT INTO thing (name, content) VALUES ($1, $2)";
const none = new Uint8Array();

describe("a PostgreSQL server", () => {
  let directory: TemporaryDirectory;
  let server: TestPostgres;
  let caFile: string;
  before(async () => {
    directory = await createTemporaryDirectory();
    const certificates = await createTestCertificates(directory.path);
    ({ caFile } = certificates);
    server = await startTestPostgres({ tls: { port: await freePort(), ...certificates } });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  async function open(name: string): Promise<SqlDatabase> {
    return openPostgres({ url: await server.createDatabase(name), migrations });
  }

  test("may be killed and started again: what was committed is there, and the connection comes back", async () => {
    await using sql = await open("killed");
    await sql.execute(add, ["before", none]);
    await server.kill();
    await server.start();
    await sql.execute(add, ["after", none]);
    const rows = await sql.query("SELECT name FROM thing ORDER BY name");
    assert.deepEqual(
      rows.map((row) => row["name"]),
      ["after", "before"],
    );
  });

  test("that dies in the middle of a transaction leaves nothing of it, or it runs again as a whole", async () => {
    await using sql = await open("middle");
    let runs = 0;
    await sql.transaction(async (tx) => {
      runs += 1;
      await tx.execute(add, [`run ${runs}`, none]);
      if (runs > 1) return;
      await server.kill();
      await server.start();
      await tx.execute(add, ["second", none]);
    });
    assert.equal(runs, 2);
    const rows = await sql.query("SELECT name FROM thing");
    assert.deepEqual(
      rows.map((row) => row["name"]),
      ["run 2"],
    );
  });

  test("that is away is said to be unavailable, and used again when it is back", async () => {
    await using sql = await open("away");
    await server.stop();
    await assert.rejects(sql.query("SELECT name FROM thing"), {
      code: "DATABASE_UNAVAILABLE",
      category: "unavailable",
    });
    await assert.rejects(sql.execute(add, ["a", none]), { code: "DATABASE_UNAVAILABLE" });
    await assert.rejects(openPostgres({ url: server.url("away"), migrations }), {
      code: "DATABASE_UNAVAILABLE",
    });
    await server.start();
    assert.equal(await sql.execute(add, ["a", none]), 1);
  });

  test("ends a statement that takes too long", async () => {
    const url = await server.createDatabase("slow");
    // Its schema is made in no hurry.
    await (await openPostgres({ url, migrations }))[Symbol.asyncDispose]();
    await using sql = await openPostgres({ url, migrations, statementTimeoutMs: 200 });
    await assert.rejects(sql.query("SELECT pg_sleep(30)"), { code: "DATABASE_TIMEOUT" });
  });

  test("begins a transaction again as long as others get into its way and it has time", async () => {
    const url = await server.createDatabase("contended");
    let nowMs = 0;
    let passesMs = 0;
    const clock = { now: () => nowMs, sleep: async () => void (nowMs += passesMs) };
    await using sql = await openPostgres({ url, migrations, clock });
    await using other = await openPostgres({ url, migrations });
    await sql.execute(add, ["a", none]);
    let runs = 0;
    const change = (): Promise<number> =>
      sql.transaction(async (tx) => {
        runs += 1;
        await tx.query("SELECT content FROM thing");
        if (runs < 40) await other.execute("UPDATE thing SET content = $1", [randomBytes(8)]);
        return tx.execute("UPDATE thing SET content = $1", [none]);
      });
    assert.equal(await change(), 1);
    assert.equal(runs, 40);
    passesMs = 10_000;
    runs = 0;
    const failed = sql.transaction(async () => {
      runs += 1;
      throw Object.assign(new Error("others got into the way"), { code: "40001" });
    });
    await assert.rejects(failed, { code: "DATABASE_BUSY", category: "unavailable" });
    assert.equal(runs, 4);
  });

  test("lets a transaction run alone that others got into the way of for long", async () => {
    const url = await server.createDatabase("crowded");
    let nowMs = 0;
    const clock = { now: () => nowMs, sleep: async () => void (nowMs += 2_000) };
    await using sql = await openPostgres({ url, migrations, clock });
    await using other = await openPostgres({ url, migrations });
    await sql.execute(add, ["a", none]);
    const others = { underWay: [] as Promise<void>[], ended: 0 };
    const isOtherWaiting = async (): Promise<boolean> =>
      (await other.query("SELECT pid FROM pg_locks WHERE NOT granted")).length > 0;
    let runs = 0;
    await sql.transaction(async (tx) => {
      runs += 1;
      await tx.query("SELECT content FROM thing");
      const change = other.execute("UPDATE thing SET content = $1", [randomBytes(8)]);
      others.underWay.push(change.then(() => void (others.ended += 1)));
      while (others.ended < runs && !(await isOtherWaiting()));
      assert.equal(await tx.execute("UPDATE thing SET content = $1", [none]), 1);
    });
    // Before it ran alone it was tried for 5 s of its 30 s.
    assert.equal(runs, 4);
    await Promise.all(others.underWay);
  });

  test("counts tries by what went wrong, so that those after one do not take those after another away", async () => {
    const url = await server.createDatabase("mixed");
    const clock = { now: () => 0, sleep: async () => undefined };
    await using sql = await openPostgres({ url, migrations, clock });
    const codes = [...Array.from({ length: 30 }, () => "40001"), "23505", "08006"];
    let runs = 0;
    await sql.transaction(async (tx) => {
      const code = codes[runs];
      runs += 1;
      if (code !== undefined) throw Object.assign(new Error("it failed"), { code });
      await tx.execute(add, ["a", none]);
    });
    assert.equal(runs, codes.length + 1);
  });

  test("is let go by a transaction that is cancelled", async () => {
    await using sql = await open("cancelled");
    const patience = new AbortController();
    const waiting = sql.transaction(
      async (tx) => {
        await tx.execute(add, ["a", none]);
        patience.abort(new Error("enough"));
        await tx.query("SELECT pg_sleep(30)");
      },
      { signal: patience.signal },
    );
    await assert.rejects(waiting, /enough/);
    assert.deepEqual(await sql.query("SELECT name FROM thing"), []);
  });

  test("without room on its disk refuses what is too much, and heals", async () => {
    await using disk = await createSmallDisk(24_000);
    const url = await server.createDatabaseIn(disk.path, "full");
    {
      await using sql = await openPostgres({ url, migrations });
      await sql.execute(add, ["before", none]);
      disk.fill();
      const content = randomBytes(100_000);
      await assert.rejects(sql.execute(add, ["too much", content]), {
        code: "DATABASE_WRITE_FAILED",
        category: "resource-exhausted",
      });
      assert.equal((await sql.query("SELECT name FROM thing")).length, 1);
      disk.free();
      assert.equal(await sql.execute(add, ["after", content]), 1);
    }
    await server.execute("postgres", 'DROP DATABASE "full"');
    await server.execute("postgres", 'DROP TABLESPACE "full"');
  });

  test("is reached by TLS with a password from a file, and by nothing less", async () => {
    const passwordPath = join(directory.path, "password");
    await writeFile(passwordPath, `${server.password}\n`, { mode: 0o600 });
    await server.createDatabase("tls");
    const url = server.tlsUrl("tls");
    {
      await using sql = await openPostgres({ url, passwordPath, caFile, migrations });
      const [row] = await sql.query("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
      assert.equal(row?.["version"], "TLSv1.3");
    }
    const refused = { code: "DATABASE_UNAVAILABLE" };
    await assert.rejects(openPostgres({ url, passwordPath, migrations }), refused);
    await assert.rejects(openPostgres({ url: `${url}?sslmode=disable`, passwordPath, migrations }), refused);
    await assert.rejects(
      openPostgres({ url, passwordPath: join(directory.path, "none"), caFile, migrations }),
      { code: "DATABASE_PASSWORD_UNREADABLE" },
    );
    await writeFile(passwordPath, "wrong");
    await assert.rejects(
      openPostgres({ url, passwordPath, caFile, migrations }),
      (error: Error & { code?: string }) =>
        error.code === "DATABASE_UNAVAILABLE" && !error.message.includes("wrong"),
    );
  });
});
