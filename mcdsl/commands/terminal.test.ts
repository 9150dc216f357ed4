import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createTerminal } from "./terminal.ts";

function brokenWith(code: string): { stdout: PassThrough; failure: Error } {
  const stdout = new PassThrough();
  return { stdout, failure: Object.assign(new Error("write failed"), { code }) };
}

test("a reader that has enough ends nothing", async () => {
  const { stdout, failure } = brokenWith("EPIPE");
  const terminal = createTerminal({ stdin: new PassThrough(), stdout, stderr: new PassThrough() });
  const closed = once(stdout, "close");
  stdout.destroy(failure);
  await closed.catch(() => undefined);
  terminal.out("more");
});

test("any other failure of the output is not hidden", () => {
  const { stdout, failure } = brokenWith("ENOSPC");
  createTerminal({ stdin: new PassThrough(), stdout, stderr: new PassThrough() });
  assert.throws(() => stdout.emit("error", failure), /write failed/);
});
