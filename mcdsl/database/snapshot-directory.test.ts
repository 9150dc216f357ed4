import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openDatabase } from "./open.ts";
import { takeSnapshot } from "./snapshot-directory.ts";

const migrations = [{ name: "create things", sql: "CREATE TABLE thing (name TEXT PRIMARY KEY) STRICT" }];
const startMs = Date.UTC(2026, 10, 21);
const dayMs = 86_400_000;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mcdsl-snapshots-"));
  openDatabase({ file: join(root, "a.db"), migrations })[Symbol.dispose]();
});
afterEach(() => rmSync(root, { recursive: true }));

function take(nowMs: number, { keep = 3, keepForMs = 10 * dayMs, file = join(root, "a.db") } = {}) {
  const into = { directory: join(root, "backups"), prefix: "a", keep, keepForMs };
  return takeSnapshot({ file, into, migrations, nowMs });
}
const backups = () => readdirSync(join(root, "backups")).toSorted();

describe("takeSnapshot", () => {
  test("keeps the newest ones, in a directory that only the owner reads", () => {
    for (let day = 0; day < 5; day++) take(startMs + day * dayMs);
    assert.deepEqual(backups(), [
      "a-2026-11-23T00-00-00-000Z.db",
      "a-2026-11-24T00-00-00-000Z.db",
      "a-2026-11-25T00-00-00-000Z.db",
    ]);
    assert.equal(statSync(join(root, "backups")).mode & 0o777, 0o700);
  });

  test("deletes what is too old, and says what", () => {
    const { file } = take(startMs);
    const { kept, deleted } = take(startMs + 11 * dayMs);
    assert.deepEqual(
      deleted.map((each) => each.file),
      [file],
    );
    assert.equal(kept.length, 1);
  });

  test("never deletes what is not its own, nor the new one where the clock was turned back", () => {
    mkdirSync(join(root, "backups"));
    const others = [
      "a-2020-01-01T00-00-00-000Z.db.gz",
      "a-before-the-move.db",
      "b-2020-01-01T00-00-00-000Z.db",
    ];
    for (const name of others) writeFileSync(join(root, "backups", name), "");
    take(startMs);
    take(startMs - 20 * dayMs, { keep: 1 });
    assert.deepEqual(
      backups(),
      [...others, "a-2026-11-01T00-00-00-000Z.db", "a-2026-11-21T00-00-00-000Z.db"].toSorted(),
    );
  });

  test("clears what killed ones left, when nobody can be at work on it any more", () => {
    mkdirSync(join(root, "backups"));
    const left = join(root, "backups", ".a-2026-11-20T00-00-00-000Z.db.0123456789ab.tmp");
    const atWork = join(root, "backups", ".a-2026-11-21T00-00-00-000Z.db.0123456789ac.tmp");
    for (const file of [left, atWork]) writeFileSync(file, "");
    utimesSync(left, startMs / 1000 - 7200, startMs / 1000 - 7200);
    utimesSync(atWork, startMs / 1000 - 60, startMs / 1000 - 60);
    take(startMs);
    assert.deepEqual(backups(), [
      ".a-2026-11-21T00-00-00-000Z.db.0123456789ac.tmp",
      "a-2026-11-21T00-00-00-000Z.db",
    ]);
  });

  test("deletes nothing where it fails", () => {
    for (const day of [0, 1]) take(startMs + day * dayMs);
    const before = backups();
    const damaged = join(root, "damaged.db");
    writeFileSync(damaged, "no database".repeat(1000));
    assert.throws(() => take(startMs + 50 * dayMs, { keep: 1, file: damaged }), { code: "SNAPSHOT_FAILED" });
    assert.deepEqual(backups(), before);
  });
});
