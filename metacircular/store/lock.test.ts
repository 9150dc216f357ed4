import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, test } from "node:test";
import { takeLock, waitForLock } from "./lock.ts";

const holder = `
  const { takeLock } = await import(process.argv[1]);
  console.log(takeLock(process.argv[2]) === undefined ? "busy" : "held");
  setInterval(() => {}, 1000);
`;

describe("a lock", () => {
  test("is had by one process, and is free again when that one is killed", async () => {
    await using directory = await createTemporaryDirectory();
    const path = join(directory.path, "lock");
    const lockModule = new URL("./lock.ts", import.meta.url).href;
    const child = spawn(process.execPath, ["--input-type=module", "-e", holder, lockModule, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [answer] = (await once(child.stdout, "data")) as [Buffer];
    assert.equal(answer.toString(), "held\n");
    assert.equal(takeLock(path), undefined);
    assert.equal(await waitForLock(path, 150, systemClock), undefined);
    child.kill("SIGKILL");
    await once(child, "exit");
    using lock = takeLock(path);
    assert.ok(lock !== undefined);
    assert.equal(takeLock(path), undefined);
  });
});
