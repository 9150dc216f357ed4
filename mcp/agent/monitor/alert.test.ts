import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Alert, Announcement } from "@metacircular/mcp-core/alert.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createMemoryLogger, type LogLine } from "../test/monitor-fakes.ts";
import { createAlertCommand } from "./alert.ts";

const drift: Alert = {
  type: "drift",
  atMs: 0,
  service: "hello; rm -rf /",
  component: "$(web)",
  desired: "running",
  observed: "exited",
  previous: "running",
  transitions: 1,
};

const driftOf = (number: number): Alert => ({ ...drift, component: `web-${number}` });

/** A command that runs a script of `sh`, in a new directory that is `$1` to the script. */
async function createScript(script: string, timeoutMs = 10_000) {
  const directory = await createTemporaryDirectory();
  const log: LogLine[] = [];
  const argv = ["/bin/sh", "-c", script, "alert", directory.path];
  const command = createAlertCommand({ argv, node: "rift", logger: createMemoryLogger(log), timeoutMs });
  const ends: string[] = [];
  return {
    command,
    log,
    /** What went wrong with the commands that have ended, in that order. */
    ends,
    run: (announcement: Announcement) => command.run(announcement, (problem) => void ends.push(problem)),
    read: (name: string) => readFile(join(directory.path, name), "utf8"),
    async [Symbol.asyncDispose]() {
      await command[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The environment that the command saw, but for what the shell adds by itself. */
function parseEnvironment(text: string): Record<string, string> {
  const entries = text
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry): [string, string] => [
      entry.slice(0, entry.indexOf("=")),
      entry.slice(entry.indexOf("=") + 1),
    ]);
  return Object.fromEntries(entries.filter(([name]) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name)));
}

const writeEnvironment = 'tr "\\n" " " </proc/$$/environ >"$1/new" && mv "$1/new" "$1/environment"';

const inherited = { PATH: process.env["PATH"], HOME: homedir() };
const driftEnvironment = {
  ...inherited,
  MCP_COMPONENT: "$(web)",
  MCP_SERVICE: "hello; rm -rf /",
  MCP_NODE: "rift",
  MCP_DESIRED: "running",
  MCP_OBSERVED: "exited",
  MCP_PREV_STATE: "running",
  MCP_ALERT_TYPE: "drift",
};

test("the command gets exactly the documented environment, and no shell touches it", async () => {
  await using script = await createScript(writeEnvironment);
  script.run(drift);
  const text = await eventually(() => script.read("environment"));
  assert.deepEqual(parseEnvironment(text), driftEnvironment);
});

test("the command for a flap alert is also told how many changes there were", async () => {
  await using script = await createScript(writeEnvironment);
  script.run({ ...drift, type: "flapping", transitions: 5 });
  const text = await eventually(() => script.read("environment"));
  assert.deepEqual(parseEnvironment(text), {
    ...driftEnvironment,
    MCP_ALERT_TYPE: "flapping",
    MCP_TRANSITIONS: "5",
  });
});

test("the command for a recovered alert is told what has ended and how long it lasted", async () => {
  await using script = await createScript(writeEnvironment);
  script.run({ ...drift, type: "recovered", recovered: "crash-loop", durationMs: 61_499 });
  const text = await eventually(() => script.read("environment"));
  assert.deepEqual(parseEnvironment(text), {
    ...driftEnvironment,
    MCP_ALERT_TYPE: "recovered",
    MCP_RECOVERED_TYPE: "crash-loop",
    MCP_DURATION: "61",
  });
});

test("the commands of one component run one after the other, in order", async () => {
  await using script = await createScript(
    '[ "$MCP_ALERT_TYPE" = drift ] && sleep 0.3; echo "$MCP_ALERT_TYPE" >>"$1/order"',
  );
  script.run(drift);
  script.run({ ...drift, type: "recovered", recovered: "drift", durationMs: 1_000 });
  await eventually(async () => assert.equal(await script.read("order"), "drift\nrecovered\n"));
});

test("a failing command is logged with its exit code and the end of its output", async () => {
  await using script = await createScript(
    'echo first; head -c 10000 /dev/zero | tr "\\0" x; echo no route >&2; exit 7',
  );
  script.run(drift);
  await eventually(() => assert.equal(script.log.length, 1));
  const [{ fields }] = script.log as [LogLine];
  const { problem, output } = fields as { problem: string; output: string };
  assert.equal(problem, "exit code 7");
  assert.match(output, /xxx.*no route\n$|no route\n?x*$/);
  assert.equal(output.length, 4_096);
});

test("a program that does not exist is logged", async () => {
  const log: LogLine[] = [];
  await using command = createAlertCommand({
    argv: ["/nowhere/notify"],
    node: "rift",
    logger: createMemoryLogger(log),
  });
  const ends: string[] = [];
  command.run(drift, (problem) => void ends.push(problem));
  await eventually(() => assert.match(JSON.stringify(log[0]?.fields), /ENOENT/));
  assert.match(ends.join(), /ENOENT/);
});

test("a command that takes too long is ended with all that it started", async () => {
  await using script = await createScript('sleep 60 & echo $! >"$1/child"; wait', 1_500);
  script.run(drift);
  await eventually(() => assert.match(JSON.stringify(script.log), /took too long/));
  const child = Number(await script.read("child"));
  await eventually(() => assert.throws(() => process.kill(child, 0), { code: "ESRCH" }));
});

test("at most four commands run at once, and all alerts get theirs", async () => {
  await using script = await createScript(
    'mkdir "$1/run.$$"; ls -d "$1"/run.* | wc -l >>"$1/counts"; sleep 0.2; rmdir "$1/run.$$"; echo >>"$1/done"',
  );
  for (let alert = 0; alert < 10; alert += 1) script.run(driftOf(alert));
  await eventually(async () => assert.equal((await script.read("done")).length, 10));
  const counts = (await script.read("counts")).trim().split(/\s+/).map(Number);
  assert.ok(Math.max(...counts) <= 4, `${Math.max(...counts)} at once`);
  await eventually(() =>
    assert.deepEqual(
      script.ends,
      Array.from({ length: 10 }, () => ""),
    ),
  );
  assert.deepEqual(script.log, []);
});

test("alerts beyond a bounded number of waiting ones are dropped and logged", async () => {
  await using script = await createScript("sleep 60");
  for (let alert = 0; alert < 4 + 256 + 1; alert += 1) script.run(driftOf(alert));
  assert.deepEqual(script.ends, ["too many alerts: the command is not run for this one"]);
  assert.deepEqual(
    script.log.map(({ message }) => message),
    ["too many alerts: the command is not run for this one"],
  );
});

test("disposing ends a running command and starts no waiting one", async () => {
  const script = await createScript('echo >>"$1/started"; sleep 60');
  for (let alert = 0; alert < 5; alert += 1) script.run(driftOf(alert));
  await eventually(async () => assert.equal((await script.read("started")).length, 4));
  await script.command[Symbol.asyncDispose]();
  assert.equal((await script.read("started")).length, 4);
  assert.deepEqual(script.ends.toSorted(), [
    "the agent stopped before the command ended",
    "the agent stopped before the command ended",
    "the agent stopped before the command ended",
    "the agent stopped before the command ended",
    "the agent stopped before the command was run",
  ]);
  await script[Symbol.asyncDispose]();
});

test("without a command nothing is started", async () => {
  const log: LogLine[] = [];
  await using command = createAlertCommand({ argv: [], node: "rift", logger: createMemoryLogger(log) });
  command.run(drift, () => assert.fail("nothing was run"));
  await access("/");
  assert.deepEqual(log, []);
});
