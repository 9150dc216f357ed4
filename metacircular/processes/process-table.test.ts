import { systemClock } from "@metacircular/mcdsl/clock.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { identityOf, isAlive, ownProcesses, startedAtMs, terminate } from "./process-table.ts";

async function start(script: string) {
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const identity = identityOf(child.pid ?? 0);
  assert.ok(identity !== undefined);
  return { child, identity };
}

describe("the process table", () => {
  test("shows a process with its arguments and start, and no longer when it has ended", async () => {
    const { child, identity } = await start("console.log(1); setInterval(() => {}, 1000)");
    const found = (await ownProcesses()).find(({ pid }) => pid === child.pid);
    assert.deepEqual(found?.argv.slice(1), child.spawnargs.slice(1));
    assert.ok(Math.abs(startedAtMs(identity) - Date.now()) < 10_000);
    await terminate(identity, 5_000, systemClock);
    assert.equal(isAlive(identity), false);
    await terminate(identity, 5_000, systemClock);
  });

  test("tells a process from a later one with the same id", () => {
    const own = identityOf(process.pid);
    assert.ok(own !== undefined && isAlive(own));
    assert.equal(isAlive({ ...own, startTicks: own.startTicks - 1 }), false);
  });

  test("a process that does not end when asked is killed", async () => {
    const { child, identity } = await start(
      "process.on('SIGTERM', () => {}); console.log(1); setInterval(() => {}, 1000)",
    );
    const exit = once(child, "exit");
    await terminate(identity, 100, systemClock);
    assert.deepEqual(await exit, [null, "SIGKILL"]);
  });
});
