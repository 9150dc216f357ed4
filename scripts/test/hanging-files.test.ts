import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkout } from "@metacircular/testkit/program.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

/** Long enough for a file to begin on a slow machine. */
const limitS = 15;
const start = 'import { test } from "node:test";\n';
const files: Readonly<Record<string, string>> = {
  // Lets nothing else have its turn, and costs the machine nothing.
  blocks: 'test("has no end", () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); });',
  lingers: 'test("is over", () => { setInterval(() => {}, 1_000); });',
  waits: 'test("waits for ever", () => new Promise(() => { setInterval(() => {}, 1_000); }));',
};

test("a test file that does not end is ended, said so, and fails", async () => {
  await using directory = await createTemporaryDirectory();
  const paths = Object.keys(files).map((name) => join(directory.path, `${name}.test.ts`));
  for (const [index, text] of Object.values(files).entries())
    await writeFile(paths[index] ?? "", start + text);
  // The runner runs no files within a file of tests.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const ended = await new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    const argv = ["scripts/test.ts", "--limit", String(limitS), "--concurrency", "3", ...paths];
    execFile(process.execPath, argv, { cwd: checkout, env, timeout: 120_000 }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, out, err });
    });
  });
  assert.equal(ended.code, 1, ended.err);
  for (const path of paths) assert.ok(ended.err.includes(`${path} was ended`), ended.err);
  assert.match(ended.out, /✖ waits for ever .*\n(?:.*\n)*.*'test timed out after 15000ms'/);
});
