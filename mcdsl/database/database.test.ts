import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Migration } from "./migrate.ts";
import { type Database, openDatabase } from "./open.ts";
import { snapshotDatabase } from "./snapshot.ts";

let directory: string;
let count = 0;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "mcdsl-database-"));
});
after(() => rmSync(directory, { recursive: true }));

const migrations: Migration[] = [
  { name: "create things", sql: "CREATE TABLE thing (name TEXT PRIMARY KEY) STRICT" },
  {
    name: "create parts",
    sql: "CREATE TABLE part (thing TEXT NOT NULL REFERENCES thing (name)) STRICT; INSERT INTO thing VALUES ('first')",
  },
];

function newFile(): string {
  count += 1;
  const own = join(directory, String(count));
  mkdirSync(own);
  return join(own, "a.db");
}

function names(database: Database | DatabaseSync): unknown[] {
  const sql = "sql" in database ? database.sql : database;
  return sql
    .prepare("SELECT name FROM thing ORDER BY name")
    .all()
    .map((row) => row["name"]);
}

const modeOf = (file: string): number => statSync(file).mode & 0o777;

describe("openDatabase", () => {
  test("creates a private file in WAL mode with foreign keys, durable commits and all migrations", () => {
    const file = newFile();
    using database = openDatabase({ file, migrations });
    const pragma = (name: string): unknown =>
      Object.values(database.sql.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    assert.equal(pragma("journal_mode"), "wal");
    assert.equal(pragma("foreign_keys"), 1);
    assert.equal(pragma("synchronous"), 2);
    assert.equal(pragma("journal_size_limit"), 64 * 1024 * 1024);
    assert.equal(pragma("busy_timeout"), 5_000);
    assert.equal(pragma("user_version"), 2);
    assert.deepEqual(names(database), ["first"]);
    for (const suffix of ["", "-wal", "-shm"]) assert.equal(modeOf(file + suffix), 0o600);
    assert.throws(() => database.sql.exec("INSERT INTO part VALUES ('none')"), /FOREIGN KEY/);
  });

  test("applies only what an existing file lacks, and makes it private", () => {
    const file = newFile();
    openDatabase({ file, migrations: migrations.slice(0, 1) })[Symbol.dispose]();
    chmodSync(file, 0o644);
    using database = openDatabase({ file, migrations });
    assert.deepEqual(names(database), ["first"]);
    assert.equal(modeOf(file), 0o600);
    using again = openDatabase({ file, migrations });
    assert.deepEqual(names(again), ["first"]);
  });

  test("undoes a change that fails half-way, names it, and can go on later", () => {
    const file = newFile();
    const failing = { name: "break", sql: "CREATE TABLE other (x TEXT); INSERT INTO nowhere VALUES (1)" };
    assert.throws(() => openDatabase({ file, migrations: [...migrations, failing] }), {
      code: "DATABASE_MIGRATION_FAILED",
      found: 'the change "break" failed and was undone',
    });
    using database = openDatabase({
      file,
      migrations: [...migrations, { name: "ok", sql: "CREATE TABLE other (x TEXT)" }],
    });
    assert.deepEqual(names(database), ["first"]);
  });

  test("refuses a database that a newer program wrote, and leaves it as it is", () => {
    const file = newFile();
    openDatabase({ file, migrations })[Symbol.dispose]();
    assert.throws(() => openDatabase({ file, migrations: migrations.slice(0, 1) }), {
      code: "DATABASE_TOO_NEW",
    });
    using database = openDatabase({ file, migrations });
    assert.deepEqual(names(database), ["first"]);
  });

  test("refuses what is no database, and a directory that does not exist", () => {
    const file = newFile();
    writeFileSync(file, "this is not a database, it only has its name".repeat(100));
    assert.throws(() => openDatabase({ file, migrations }), { code: "DATABASE_UNREADABLE" });
    assert.throws(() => openDatabase({ file: join(directory, "no", "a.db"), migrations }), {
      code: "DATABASE_UNREADABLE",
    });
  });
});

function open(): Database {
  return openDatabase({ file: newFile(), migrations });
}
const add = (database: Database, name: string): unknown =>
  database.sql.prepare("INSERT INTO thing VALUES (?)").run(name);

describe("a transaction", () => {
  test("returns what its body returns, and keeps what it wrote", () => {
    using database = open();
    const result = database.transaction(() => {
      add(database, "b");
      return 7;
    });
    assert.equal(result, 7);
    assert.deepEqual(names(database), ["b", "first"]);
  });

  test("leaves nothing when its body throws, and the next one works", () => {
    using database = open();
    const failure = new Error("no");
    const body = (): void => {
      add(database, "b");
      throw failure;
    };
    assert.throws(() => database.transaction(body), failure);
    assert.deepEqual(names(database), ["first"]);
    database.transaction(() => add(database, "c"));
    assert.deepEqual(names(database), ["c", "first"]);
  });

  test("inside another can fail alone", () => {
    using database = open();
    database.transaction(() => {
      add(database, "outer");
      assert.throws(() => database.transaction(() => [add(database, "inner"), add(database, "inner")]));
      database.transaction(() => add(database, "second"));
    });
    assert.deepEqual(names(database), ["first", "outer", "second"]);
  });

  test("refuses a body that is not synchronous", async () => {
    using database = open();
    assert.throws(() => database.transaction(async () => add(database, "b")), TypeError);
    assert.deepEqual(names(database), ["first"]);
  });

  test("keeps other writers out from its start, and shows them nothing before its end", () => {
    using database = open();
    const file = String(database.sql.location());
    using other = new DatabaseSync(file, { timeout: 0 });
    database.transaction(() => {
      assert.throws(() => other.exec("BEGIN IMMEDIATE"), /locked/);
      add(database, "b");
      assert.deepEqual(names(other), ["first"]);
    });
    assert.deepEqual(names(other), ["b", "first"]);
  });
});

describe("snapshotDatabase", () => {
  test("copies a database in use, also what is only in its write-ahead log", () => {
    const file = newFile();
    const destination = `${file}.snapshot`;
    using database = openDatabase({ file, migrations });
    database.sql.exec("BEGIN; INSERT INTO thing VALUES ('unfinished')");
    snapshotDatabase({ file, destination, migrations });
    database.sql.exec("COMMIT");
    using copy = openDatabase({ file: destination, migrations });
    assert.deepEqual(names(copy), ["first"]);
    assert.deepEqual(names(database), ["first", "unfinished"]);
  });

  test("replaces an older one, is private and leaves nothing else behind", () => {
    const file = newFile();
    const destination = join(directory, `backups-${count}`, "a.db");
    mkdirSync(join(destination, ".."));
    using database = openDatabase({ file, migrations });
    snapshotDatabase({ file, destination, migrations });
    database.sql.exec("INSERT INTO thing VALUES ('second')");
    snapshotDatabase({ file, destination, migrations });
    assert.deepEqual(readdirSync(join(destination, "..")), ["a.db"]);
    assert.equal(modeOf(destination), 0o600);
    using copy = new DatabaseSync(destination);
    assert.deepEqual(names(copy), ["first", "second"]);
  });

  test("never replaces the database itself, whatever name is given for it", () => {
    const file = newFile();
    using database = openDatabase({ file, migrations });
    const link = `${file}.link`;
    symlinkSync(file, link);
    for (const [source, destination] of [
      [file, file],
      [file, `${directory}/./${count}/a.db`],
      [link, link],
      [link, file],
    ] as const) {
      assert.throws(() => snapshotDatabase({ file: source, destination, migrations }), {
        code: "SNAPSHOT_FAILED",
        found: /that is the database itself/u,
      });
    }
    add(database, "second");
    using other = openDatabase({ file, migrations });
    assert.deepEqual(names(other), ["first", "second"]);
  });

  test("keeps the older one when the database is missing or damaged", () => {
    const file = newFile();
    const destination = `${file}.snapshot`;
    openDatabase({ file, migrations })[Symbol.dispose]();
    snapshotDatabase({ file, destination, migrations });
    const before = readdirSync(join(file, ".."));
    const damaged = `${file}.damaged`;
    copyFileSync(file, damaged);
    writeFileSync(damaged, Buffer.alloc(5_000, 7), { flag: "r+" });
    for (const source of [`${file}.missing`, damaged]) {
      assert.throws(() => snapshotDatabase({ file: source, destination, migrations }), {
        code: "SNAPSHOT_FAILED",
      });
    }
    rmSync(damaged);
    assert.deepEqual(readdirSync(join(file, "..")), before);
    using copy = openDatabase({ file: destination, migrations });
    assert.deepEqual(names(copy), ["first"]);
  });
});
