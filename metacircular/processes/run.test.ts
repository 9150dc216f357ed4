import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { childEnvironment } from "./environment.ts";
import { run, runChecked } from "./run.ts";

const environment = childEnvironment({ PATH: process.env["PATH"] });
const options = { environment, timeoutMs: 60_000 };

function script(text: string): string[] {
  return [process.execPath, "-e", text];
}

describe("running a program", () => {
  test("passes input by the pipe and returns both outputs and the exit code", async () => {
    const echo = "process.stdin.pipe(process.stdout); console.error('note'); process.exitCode = 3";
    const result = await run(script(echo), { ...options, input: "secret" });
    assert.deepEqual(result, { exitCode: 3, stdout: "secret", stderr: "note\n" });
  });

  test("returns what it printed when it must succeed, and does", async () => {
    assert.equal(await runChecked(script("console.log('well'); console.error('note')"), options), "well\n");
  });

  test("fails with its last lines when it must succeed", async () => {
    const failing = "for (let i = 1; i <= 20; i++) console.error('line ' + i); process.exitCode = 1";
    await assert.rejects(
      runChecked(script(failing), options),
      (error: { code: string; output: string[] }) => {
        assert.equal(error.code, "COMMAND_FAILED");
        assert.equal(error.output.at(-1), "line 20");
        assert.equal(error.output.length, 12);
        return true;
      },
    );
  });

  test("says that there is no such program", async () => {
    const code = "COMMAND_NOT_STARTED";
    await assert.rejects(run(["/no/such/program"], options), { code, found: "there is no such program" });
    await assert.rejects(run(["/etc"], options), { code, found: "it could not be started" });
  });

  test("ends what takes too long, and what is cancelled", async () => {
    const endless = script("setInterval(() => {}, 1000)");
    await assert.rejects(run(endless, { ...options, timeoutMs: 200 }), { code: "COMMAND_TIMED_OUT" });
    const signal = AbortSignal.abort(new Error("cancelled by the test"));
    await assert.rejects(run(endless, { ...options, signal }), /cancelled by the test/);
  });

  test("gives it only the variables on the list, and a PATH with podman's tools", () => {
    const given = childEnvironment({
      PATH: "/bin",
      HOME: "/h",
      MCIAS_DATABASE_PATH: "/x",
      PORT: "1",
      API_TOKEN: "t",
    });
    assert.deepEqual(given, { PATH: "/bin:/usr/sbin:/sbin", HOME: "/h" });
  });
});
