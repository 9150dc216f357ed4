import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openDatabase } from "./open.ts";
import { restoreDatabase } from "./restore.ts";
import { snapshotDatabase } from "./snapshot.ts";

const first = { name: "create things", sql: "CREATE TABLE thing (name TEXT PRIMARY KEY) STRICT" };
const migrations = [first, { name: "create parts", sql: "CREATE TABLE part (name TEXT) STRICT" }];
let root: string;
let file: string;
let snapshot: string;
let aside: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mcdsl-restore-"));
  file = join(root, "a.db");
  snapshot = join(root, "snapshot.db");
  aside = join(root, "aside.db");
  add("then");
  snapshotDatabase({ file, destination: snapshot, migrations });
  rmSync(file);
  add("now");
});
afterEach(() => rmSync(root, { recursive: true }));

/** Adds a row and ends as a killed program does: with the row in the write-ahead log. */
function add(name: string): void {
  const working = join(root, "working.db");
  for (const suffix of ["", "-wal"])
    if (existsSync(file + suffix)) copyFileSync(file + suffix, working + suffix);
  using database = openDatabase({ file: working, migrations });
  database.sql.prepare("INSERT INTO thing VALUES (?)").run(name);
  for (const suffix of ["", "-wal"]) copyFileSync(working + suffix, file + suffix);
  database.sql.close();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(working + suffix, { force: true });
}

function names(path: string): unknown[] {
  using sql = new DatabaseSync(path);
  return sql
    .prepare("SELECT name FROM thing ORDER BY name")
    .all()
    .map((row) => row["name"]);
}

const restore = (prepare = () => {}) => restoreDatabase({ file, snapshot, aside, migrations, prepare });

describe("restoreDatabase", () => {
  test("puts the snapshot in the place of a database with a log, and keeps that one", () => {
    assert.ok(existsSync(`${file}-wal`));
    assert.deepEqual(restore(), { schemaVersion: 2, replaced: "snapshot" });
    assert.deepEqual(readdirSync(root).toSorted(), ["a.db", "aside.db", "snapshot.db"]);
    assert.deepEqual(names(file), ["then"]);
    assert.deepEqual(names(aside), ["now"]);
  });

  test("brings an older schema up to date", () => {
    rmSync(snapshot);
    openDatabase({ file: snapshot, migrations: [first] })[Symbol.dispose]();
    assert.equal(restore().schemaVersion, 1);
    using database = openDatabase({ file, migrations });
    assert.deepEqual(database.sql.prepare("SELECT * FROM part").all(), []);
  });

  test("keeps the files of a database that cannot be read, and of one that a newer program wrote", () => {
    for (const path of [file, `${file}-wal`]) writeFileSync(path, "no database".repeat(1000));
    assert.equal(restore().replaced, "as-it-was");
    assert.deepEqual(names(file), ["then"]);
    assert.ok(existsSync(`${aside}-wal`));
    assert.ok(!existsSync(`${file}-wal`));
    for (const path of [aside, `${aside}-wal`]) rmSync(path);
    openDatabase({
      file,
      migrations: [...migrations, { name: "newer", sql: "CREATE TABLE newer (x TEXT)" }],
    })[Symbol.dispose]();
    assert.equal(restore().replaced, "as-it-was");
    assert.deepEqual(names(file), ["then"]);
  });

  test("works where the database is lost", () => {
    rmSync(file);
    assert.equal(restore().replaced, "none");
    assert.deepEqual(names(file), ["then"]);
  });

  test("refuses what is no snapshot of this program, and leaves all as it was", () => {
    const before = readdirSync(root);
    const other = { name: "other", sql: "CREATE TABLE other (x TEXT)" };
    const newer = [...migrations, { name: "newer", sql: "CREATE TABLE newer (x TEXT)" }];
    const cases = [
      { code: "SNAPSHOT_INVALID", make: () => openDatabase({ file: snapshot, migrations: [other] }) },
      { code: "SNAPSHOT_INVALID", make: () => openDatabase({ file: snapshot, migrations: [] }) },
      { code: "DATABASE_TOO_NEW", make: () => openDatabase({ file: snapshot, migrations: newer }) },
    ];
    for (const { code, make } of cases) {
      rmSync(snapshot);
      make()[Symbol.dispose]();
      assert.throws(() => restore(), { code });
    }
    writeFileSync(snapshot, "no database".repeat(1000));
    assert.throws(() => restore(), { code: "SNAPSHOT_INVALID" });
    assert.deepEqual(readdirSync(root), before);
    assert.deepEqual(names(file), ["now"]);
  });

  test("leaves the old database where it fails half-way", () => {
    const before = readdirSync(root);
    assert.throws(
      () =>
        restore(() => {
          throw new Error("no");
        }),
      { code: "RESTORE_FAILED" },
    );
    assert.deepEqual(readdirSync(root), before);
    assert.deepEqual(names(file), ["now"]);
  });
});

const restoreModule = new URL("restore.ts", import.meta.url).href;

/** A restore in a process of its own that dies at the nth change that it makes to the file system. */
async function restoreUntil(change: number): Promise<boolean> {
  const script = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    let left = ${change};
    for (const name of ["renameSync", "rmSync", "copyFileSync", "fsyncSync"]) {
      const original = fs[name];
      fs[name] = (...args) => {
        if (left-- === 0) process.kill(process.pid, "SIGKILL");
        return original(...args);
      };
    }
    syncBuiltinESMExports();
    const { restoreDatabase } = await import(${JSON.stringify(restoreModule)});
    restoreDatabase({ file: ${JSON.stringify(file)}, snapshot: ${JSON.stringify(snapshot)},
      aside: ${JSON.stringify(aside)}, migrations: ${JSON.stringify(migrations)}, prepare: () => {} });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code === null;
}

test("a restore that is killed at any change to the file system leaves the old database or the new one", async () => {
  const seen = new Set<unknown>();
  let killed = 0;
  for (let change = 0; ; change++) {
    for (const path of [file, `${file}-wal`, `${file}-shm`, aside]) rmSync(path, { force: true });
    add("now");
    if (!(await restoreUntil(change))) break;
    killed += 1;
    assert.ok(existsSync(file));
    const found = names(file);
    assert.ok(
      found.length === 1 && (found[0] === "now" || found[0] === "then"),
      `after ${change}: ${String(found)}`,
    );
    seen.add(found[0]);
  }
  assert.deepEqual([...seen], ["now", "then"]);
  assert.ok(killed >= 8, `killed ${killed} times`);
});
