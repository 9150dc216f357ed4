import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { writeFileAtomic } from "./write-atomic.ts";

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "mcdsl-files-"));
});
after(() => rmSync(directory, { recursive: true }));

describe("writeFileAtomic", () => {
  test("creates and replaces a file with exactly the given permissions", async () => {
    const path = join(directory, "token");
    writeFileSync(path, "old", { mode: 0o644 });
    await writeFileAtomic(path, "new", { mode: 0o600 });
    assert.equal(readFileSync(path, "utf8"), "new");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await writeFileAtomic(path, Buffer.from("public"), { mode: 0o666 });
    assert.equal(statSync(path).mode & 0o777, 0o666);
  });

  test("replaces a symbolic link and leaves what it points to", async () => {
    const [target, link] = [join(directory, "target"), join(directory, "link")];
    writeFileSync(target, "old");
    symlinkSync(target, link);
    await writeFileAtomic(link, "new", { mode: 0o600 });
    assert.equal(readFileSync(target, "utf8"), "old");
    assert.equal(readFileSync(link, "utf8"), "new");
  });

  test("leaves nothing behind when it fails", async () => {
    const before = readdirSync(directory);
    await assert.rejects(writeFileAtomic(join(directory, "no", "file"), "x", { mode: 0o600 }), {
      code: "ENOENT",
    });
    const occupied = mkdtempSync(join(directory, "occupied-"));
    writeFileSync(join(occupied, "file"), "x");
    await assert.rejects(writeFileAtomic(occupied, "x", { mode: 0o600 }));
    rmSync(occupied, { recursive: true });
    assert.deepEqual(readdirSync(directory), before);
  });
});
