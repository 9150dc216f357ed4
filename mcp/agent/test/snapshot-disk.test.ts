import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { takeSnapshot } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { verifySnapshot } from "@metacircular/mcdsl/database/verify-snapshot.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { migrations, openRegistry } from "../registry/registry.ts";

const run = promisify(execFile);

test("a snapshot that the disk has no room for leaves nothing behind, and all older ones", async () => {
  await using directory = await createTemporaryDirectory();
  await using resources = new AsyncDisposableStack();
  const file = join(directory.path, "mcp.db");
  const backups = join(directory.path, "backups");
  await mkdir(backups);
  await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", backups]);
  resources.defer(async () => {
    await run("umount", [backups]);
  });
  using _ = openRegistry(file, systemClock);
  const into = { directory: backups, prefix: "mcp", keep: 100, keepForMs: 1_000_000 };
  const take = (nowMs: number) => takeSnapshot({ file, into, migrations, nowMs }).kept.length;
  let kept = 0;
  assert.throws(
    () => {
      while (kept < 100) kept = take(kept);
    },
    { code: "SNAPSHOT_FAILED", message: /database or disk is full|no space left/iu },
  );
  assert.ok(kept > 1);
  const names = await readdir(backups);
  assert.equal(names.length, kept);
  for (const name of names) assert.equal(verifySnapshot(join(backups, name), migrations), migrations.length);
});
