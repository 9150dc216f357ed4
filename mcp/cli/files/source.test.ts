import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { openSource } from "./source.ts";

function invocation(stdin: PassThrough, signal: AbortSignal): Parameters<typeof openSource>[1] {
  const out = new PassThrough();
  const holdInterrupts = (): Disposable => ({ [Symbol.dispose]() {} });
  const rest = { environment: {}, clock: systemClock, signal, holdInterrupts, exitCode: 0 };
  return { stdin, stdout: out, stderr: out, ...rest };
}

test("standard input is taken as a whole", async () => {
  const stdin = new PassThrough();
  stdin.end("text");
  await using source = await openSource("-", invocation(stdin, new AbortController().signal));
  assert.equal(source.sizeBytes, 4);
});

test("an interrupt ends the wait for standard input that does not come", async () => {
  const interrupted = new AbortController();
  const opening = openSource("-", invocation(new PassThrough(), interrupted.signal));
  interrupted.abort(new Error("interrupted"));
  await assert.rejects(opening, /interrupted/u);
});
