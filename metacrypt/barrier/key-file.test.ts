import assert from "node:assert/strict";
import { chmod, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { readKeyFile, readOrMakeKeyFile } from "./key-file.ts";

async function aPath(t: TestContext): Promise<string> {
  const directory = await createTemporaryDirectory();
  t.after(() => directory[Symbol.asyncDispose]());
  return join(directory.path, "key");
}

describe("the unattended key file", () => {
  test("is made once, for its owner alone, and read again", async (t) => {
    const path = await aPath(t);
    assert.equal(await readKeyFile(path), undefined);
    const key = await readOrMakeKeyFile(path);
    assert.equal(key.length, 32);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readKeyFile(path), key);
    assert.deepEqual(await readOrMakeKeyFile(path), key);
  });

  test("is refused where others may read it, or it is a link", async (t) => {
    const path = await aPath(t);
    await readOrMakeKeyFile(path);
    await symlink(path, `${path}.link`);
    await assert.rejects(readKeyFile(`${path}.link`), { code: "KEY_FILE_UNREADABLE" });
    for (const mode of [0o640, 0o604, 0o660]) {
      await chmod(path, mode);
      await assert.rejects(readKeyFile(path), { code: "KEY_FILE_EXPOSED" });
      await assert.rejects(readOrMakeKeyFile(path), { code: "KEY_FILE_EXPOSED" });
    }
  });

  test("is refused where it holds no key, and never replaced", async (t) => {
    const path = await aPath(t);
    for (const content of ["", "too short", "x".repeat(1_000)]) {
      await writeFile(path, content, { mode: 0o600 });
      await assert.rejects(readOrMakeKeyFile(path), { code: "KEY_FILE_UNREADABLE" });
    }
  });

  test("says where it cannot be written", async (t) => {
    const path = await aPath(t);
    await assert.rejects(readOrMakeKeyFile(join(path, "below", "nothing")), { code: "KEY_FILE_UNWRITABLE" });
  });
});
