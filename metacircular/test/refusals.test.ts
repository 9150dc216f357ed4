import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import assert from "node:assert/strict";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execute, type Outcome } from "./metacircular.ts";

let directory: TemporaryDirectory;

before(async () => {
  directory = await createTemporaryDirectory();
});

after(() => directory[Symbol.asyncDispose]());

function up(state: string, environment: NodeJS.ProcessEnv = { ...process.env }): Promise<Outcome> {
  return execute("metacircular/main.ts", ["up", "--state", state], environment);
}

describe("up refuses", () => {
  test("a directory with files of somebody else, and leaves it as it was", async () => {
    const state = join(directory.path, "foreign");
    await mkdir(state);
    await writeFile(join(state, "thesis.txt"), "the only copy");
    const { code, stderr } = await up(state);
    assert.equal(code, 1);
    assert.match(stderr, /STATE_NOT_OURS/);
    assert.deepEqual(await readdir(state), ["thesis.txt"]);
    for (const command of [["status"], ["down"], ["down", "--purge", "--yes"]]) {
      const outcome = await execute("metacircular/main.ts", [...command, "--state", state], process.env);
      assert.match(outcome.stderr, /STATE_NOT_OURS/);
    }
    assert.deepEqual(await readdir(state), ["thesis.txt"]);
  });

  test("a symbolic link", async () => {
    const target = join(directory.path, "target");
    await mkdir(target);
    const state = join(directory.path, "link");
    await symlink(target, state);
    assert.match((await up(state)).stderr, /symbolic link[^]*STATE_NOT_OURS/);
    assert.deepEqual(await readdir(target), []);
  });

  test("a directory of a newer version", async () => {
    const state = join(directory.path, "newer");
    await mkdir(state);
    const marker = { product: "metacircular", version: 2, id: crypto.randomUUID() };
    await writeFile(join(state, "metacircular.json"), JSON.stringify(marker));
    assert.match((await up(state)).stderr, /STATE_TOO_NEW/);
  });

  test("a directory whose marker is not ours", async () => {
    const state = join(directory.path, "damaged");
    await mkdir(state);
    await writeFile(join(state, "metacircular.json"), "{}");
    assert.match((await up(state)).stderr, /STATE_NOT_OURS/);
  });

  test("a path too long for sockets", async () => {
    const { code, stderr } = await up(join(directory.path, "x".repeat(100)));
    assert.equal(code, 2);
    assert.match(stderr, /STATE_PATH_TOO_LONG/);
  });

  test("a machine without podman, saying how to install it", async () => {
    const { code, stderr } = await up(join(directory.path, "empty"), {
      PATH: directory.path,
      HOME: "/nonexistent",
    });
    assert.equal(code, 1);
    assert.match(stderr, /it is not installed\n {2}next: run scripts\/setup up/);
  });

  test("an option it does not know", async () => {
    const { code, stderr } = await execute("metacircular/main.ts", ["up", "--purge"], process.env);
    assert.equal(code, 2);
    assert.match(stderr, /unknown option '--purge'/);
  });
});
