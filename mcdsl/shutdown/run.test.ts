import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "../test/until.ts";

const modules = {
  run: new URL("./run.ts", import.meta.url),
  logger: new URL("../log/logger.ts", import.meta.url),
};

interface Program {
  readonly child: ChildProcess;
  output(): string;
  /** Waits until the output has the text. */
  says(text: string): Promise<void>;
  exitCode(): Promise<number | null>;
}

/** A program that runs a service with the given body of `start(signal)`. */
function run(start: string, deadlineMs = 5_000): Program {
  const source = `
    import { runUntilSignal } from ${JSON.stringify(fileURLToPath(modules.run))};
    import { createLogger } from ${JSON.stringify(fileURLToPath(modules.logger))};
    await runUntilSignal({
      logger: createLogger({ name: "test", level: "debug" }),
      deadlineMs: ${deadlineMs},
      start: async (signal) => { ${start} },
    });`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", source], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const exit = once(child, "close");
  return {
    child,
    output: () => output,
    says: (text) =>
      until(() => output.includes(text) || child.exitCode !== null, `it says "${text}": ${output}`),
    exitCode: async () => ((await exit) as [number | null])[0],
  };
}

const started = `console.log("started");`;
const disposes = `${started} return { async [Symbol.asyncDispose]() { console.log("disposed"); } };`;

describe("runUntilSignal", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`disposes the service on ${signal} and exits with 0`, async () => {
      const program = run(disposes);
      await program.says("started");
      program.child.kill(signal);
      assert.equal(await program.exitCode(), 0, program.output());
      assert.match(program.output(), /disposed/);
    });
  }

  test("exits with 1 when the service does not stop in time", async () => {
    const program = run(`${started} return { [Symbol.asyncDispose]: () => new Promise(() => {}) };`, 50);
    await program.says("started");
    program.child.kill("SIGTERM");
    assert.equal(await program.exitCode(), 1);
    assert.match(program.output(), /did not stop in time/);
  });

  test("exits at once on a second signal", async () => {
    const program = run(
      `${started} return { [Symbol.asyncDispose]: () => new Promise(() => console.log("stopping")) };`,
    );
    await program.says("started");
    program.child.kill("SIGTERM");
    await program.says("stopping");
    program.child.kill("SIGINT");
    assert.equal(await program.exitCode(), 1);
    assert.match(program.output(), /ending at once/);
  });

  test("exits with 1 when the service cannot start or cannot stop", async () => {
    const unstarted = run(`throw new Error("no port");`);
    assert.equal(await unstarted.exitCode(), 1);
    assert.match(unstarted.output(), /no port.*could not start/);
    const unstopped = run(
      `${started} return { [Symbol.asyncDispose]: async () => { throw new Error("stuck"); } };`,
    );
    await unstopped.says("started");
    unstopped.child.kill("SIGTERM");
    assert.equal(await unstopped.exitCode(), 1);
    assert.match(unstopped.output(), /stuck.*could not stop cleanly/);
  });

  test("aborts a start in progress, and then exits with 0", async () => {
    const program = run(
      `${started} return new Promise((_, reject) => {
         const alive = setInterval(() => {}, 1000);
         signal.addEventListener("abort", () => reject(signal.reason));
       });`,
    );
    await program.says("started");
    program.child.kill("SIGTERM");
    assert.equal(await program.exitCode(), 0, program.output());
  });

  test("exits with 1 when a start in progress ignores that it is to stop", async () => {
    const program = run(`${started} return new Promise(() => setInterval(() => {}, 1000));`, 50);
    await program.says("started");
    program.child.kill("SIGTERM");
    assert.equal(await program.exitCode(), 1);
    assert.match(program.output(), /did not stop in time/);
  });

  for (const [what, statement] of [
    ["error", `setTimeout(() => { throw new Error("bug 42"); }, 10);`],
    ["rejection", `void Promise.reject(new Error("bug 42"));`],
  ]) {
    test(`logs an uncaught ${what} and exits with 1`, async () => {
      const program = run(`${statement} ${disposes}`);
      assert.equal(await program.exitCode(), 1);
      assert.match(program.output(), /"level":"error".*bug 42.*uncaught error, ending/);
    });
  }
});
