import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createLineOutput } from "./line-output.ts";

const run = promisify(execFile);

test("a program whose log is on a full disk goes on", async () => {
  const logger = fileURLToPath(new URL("./logger.ts", import.meta.url));
  const source = `
    import { createLogger } from ${JSON.stringify(logger)};
    const log = createLogger({ name: "test", level: "info" });
    process.on("uncaughtException", (error) => { log.error({ error }, "uncaught"); process.exit(1); });
    for (let count = 0; count < 3; count += 1) log.info({ count }, "this cannot be written");
    console.log("goes on");`;
  const full = openSync("/dev/full", "w");
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", source], {
    stdio: ["ignore", "pipe", full],
  });
  closeSync(full);
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  assert.deepEqual([code, output], [0, "goes on\n"]);
});

test("what a full disk does not take is lost, and counted once there is space", async () => {
  await using resources = new AsyncDisposableStack();
  const disk = await mkdtemp(join(tmpdir(), "log-"));
  resources.defer(() => rm(disk, { recursive: true, force: true }));
  await run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
  resources.defer(async () => void (await run("umount", ["--lazy", disk])));
  const [file, filler] = [join(disk, "log"), join(disk, "filler")];
  const descriptor = openSync(file, "a");
  resources.defer(() => closeSync(descriptor));
  const output = createLineOutput(descriptor);
  const long = `{"msg":"${"x".repeat(3_000)}"}\n`;
  output.write(long);
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  // The second one only in part: the page has no room for all of it.
  for (let count = 0; count < 5; count += 1) output.write(long);
  truncateSync(filler, 0);
  output.write('{"msg":"again"}\n');
  output.write('{"msg":"and again"}\n');
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.equal(`${lines[0]}\n`, long);
  assert.ok(long.startsWith(lines[1] ?? "-") && (lines[1]?.length ?? 0) < long.length);
  const [note, again, more] = lines.slice(2).map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual([note?.["level"], note?.["lost"]], ["warn", 5]);
  assert.deepEqual([again, more], [{ msg: "again" }, { msg: "and again" }]);
});
