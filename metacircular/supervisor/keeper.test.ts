import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { identityOf, isAlive, ownProcesses } from "../processes/process-table.ts";
import { ProgramKeeper } from "./keeper.ts";
import { isInstance, type Program } from "./programs.ts";
import type { ProgramRecord } from "./record.ts";

const logger = createLogger({ name: "test", level: "error", destination: { write: () => undefined } });

/** A keeper of a program that only waits; its input file is also its entry. */
async function setUp(directory: string, script = "setInterval(() => {}, 1000)") {
  const entry = join(directory, "program.mjs");
  await writeFile(entry, script);
  const program: Program = {
    name: "mcias",
    argv: [process.execPath, entry, "server", "--config", entry],
    inputs: [entry],
    stopTimeoutMs: 60_000,
  };
  const records: ProgramRecord[] = [];
  const keep = (before?: ProgramRecord): ProgramKeeper =>
    new ProgramKeeper({
      program,
      environment: { PATH: process.env["PATH"] ?? "" },
      workingDirectory: directory,
      logPath: join(directory, "program.log"),
      before,
      publish: (record) => Promise.resolve(void records.push(record)),
      clock: systemClock,
      logger,
    });
  const instances = async () => (await ownProcesses()).filter(({ argv }) => isInstance(program, argv));
  return { entry, records, keep, instances };
}

async function recordAfter(records: ProgramRecord[], restarts: number): Promise<ProgramRecord> {
  return eventually(() => {
    const record = records.findLast((each) => each.restarts === restarts);
    assert.ok(record !== undefined && isAlive(record));
    return record;
  });
}

describe("a keeper", () => {
  test("starts a program, starts it again when it is killed, and ends it", async () => {
    await using directory = await createTemporaryDirectory();
    const { records, keep, instances } = await setUp(directory.path);
    const keeper = keep();
    const { pid } = await recordAfter(records, 0);
    process.kill(pid, "SIGKILL");
    const second = await recordAfter(records, 1);
    assert.notEqual(second.pid, pid);
    assert.equal(second.lastEnd?.how, "was ended by SIGKILL");
    assert.equal((await instances()).length, 1);
    await keeper.stop();
    assert.deepEqual(await instances(), []);
  });

  test("restarts a program whose configuration changed", async () => {
    await using directory = await createTemporaryDirectory();
    const { entry, records, keep, instances } = await setUp(directory.path);
    const keeper = keep();
    const { pid } = await recordAfter(records, 0);
    await writeFile(entry, "setInterval(() => {}, 2000)");
    await recordAfter(records, 1);
    assert.equal(identityOf(pid), undefined);
    assert.equal((await instances()).length, 1);
    await keeper.stop();
  });

  test("takes over what a killed predecessor recorded, and replaces what it did not", async () => {
    await using directory = await createTemporaryDirectory();
    const { records, keep, instances } = await setUp(directory.path);
    const lost = keep();
    const first = await recordAfter(records, 0);
    const heir = keep(first);
    await eventually(() => assert.equal(records.length, 2));
    assert.deepEqual(records[1], first);
    const stranger = keep({ ...first, startTicks: first.startTicks - 1 });
    const replaced = await recordAfter(records, 1);
    assert.notEqual(replaced.pid, first.pid);
    await Promise.all([lost.stop(), heir.stop(), stranger.stop()]);
    await eventually(async () => assert.deepEqual(await instances(), []));
  });

  test("waits longer and longer before it restarts a program that fails at once", async () => {
    await using directory = await createTemporaryDirectory();
    const { records, keep } = await setUp(directory.path, "process.exit(7)");
    const keeper = keep();
    const ends = await eventually(() => {
      const ends = records
        .filter(({ lastEnd }) => lastEnd !== undefined)
        .map(({ lastEnd }) => lastEnd?.atMs ?? 0);
      const times = [...new Set(ends)];
      assert.ok(times.length >= 3);
      return times;
    });
    const [first = 0, second = 0, third = 0] = ends;
    assert.ok(second - first >= 500, String(ends));
    assert.ok(third - second >= 1_000, String(ends));
    assert.equal(records.at(-1)?.lastEnd?.how, "exited with 7");
    await keeper.stop();
  });
});
