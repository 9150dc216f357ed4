import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";

import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

import { loadCliConfig } from "../config/load.ts";
import type { Invocation } from "../invocation.ts";
import { Output } from "../output/output.ts";
import { createTokenSource } from "./token-source.ts";

test("what takes long goes on with the login that there is by then", async () => {
  await using directory = await createTemporaryDirectory();
  const configFile = join(directory.path, "mcp.toml");
  const tokenFile = join(directory.path, "token");
  await writeFile(configFile, "");
  let nowMs = 0;
  const stream = new PassThrough();
  const invocation: Invocation = {
    ...{ stdin: stream, stdout: stream, stderr: stream, environment: {}, exitCode: 0 },
    clock: { now: () => nowMs, sleep: () => assert.fail("nothing is waited for") },
    signal: new AbortController().signal,
    holdInterrupts: () => ({ [Symbol.dispose]: () => undefined }),
  };
  const output = new Output(invocation, { output: "table", quiet: false, verbose: false });
  const token = createTokenSource(await loadCliConfig(configFile, {}), invocation, output);
  await writeFile(tokenFile, "first", { mode: 0o600 });
  assert.equal(await token(), "first");
  await writeFile(tokenFile, "second");
  nowMs += 10_000;
  assert.equal(await token(), "first");
  nowMs += 25_000;
  assert.equal(await token(), "second");
});
