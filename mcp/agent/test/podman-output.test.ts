import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { aContainer } from "@metacircular/testkit/container-request.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import { PodmanClient } from "../runtime/podman-client.ts";
import { readApiLogs } from "../runtime/podman-logs.ts";
import { findProcesses } from "../runtime/podman-process.ts";
import { openPodmanService } from "../runtime/podman-service.ts";
import type { LogEntry, Runtime } from "../runtime/runtime.ts";

let podman: TestPodman;
let runtime: Runtime;
before(async () => {
  podman = await createTestPodman();
  runtime = await podman.runtime();
});
after(() => podman[Symbol.asyncDispose]());

async function run(changes: Parameters<typeof aContainer>[0]): Promise<string> {
  const id = await runtime.create(aContainer(changes));
  await runtime.start(id);
  return id;
}

async function take(entries: AsyncIterable<LogEntry>, count = Infinity): Promise<LogEntry[]> {
  const taken: LogEntry[] = [];
  for await (const entry of entries) {
    taken.push(entry);
    if (taken.length >= count) break;
  }
  return taken;
}

/** Waits for a file that a test makes. */
const until = (file: string): string => `until [ -e /${file} ]; do sleep 0.02; done`;

const script = (text: string): Pick<Parameters<typeof aContainer>[0] & object, "cmd"> => ({ cmd: [text] });

describe("a container's log", () => {
  test("has both streams in order, long lines whole, and times in milliseconds", async () => {
    const long = "head -c 20000 /dev/zero | tr '\\0' x";
    const id = await run({
      name: "prints",
      ...script(`echo one; ${until("two")}; echo two >&2; ${until("long")}; ${long}; echo`),
    });
    // What comes at once by two streams may come in any order.
    const printed = async (count: number, next: string): Promise<void> => {
      await eventually(async () =>
        assert.equal((await take(runtime.logs(id, { follow: false }))).length, count),
      );
      await systemClock.sleep(20);
      await podman.cli("exec", "prints", "touch", `/${next}`);
    };
    await printed(1, "two");
    await printed(2, "long");
    await eventually(async () => assert.equal((await runtime.inspect(id))?.state, "exited"));
    const entries = await take(runtime.logs(id, { follow: false }));
    assert.deepEqual(
      entries.map(({ stream, text }) => [stream, text]),
      [
        ["stdout", "one"],
        ["stderr", "two"],
        ["stdout", "x".repeat(20_000)],
      ],
    );
    const [one, two] = entries;
    assert.ok(one !== undefined && two !== undefined && two.timestampMs - one.timestampMs >= 15);
    const since = await take(runtime.logs(id, { follow: false, sinceMs: two.timestampMs }));
    assert.equal(since[0]?.text, "two");
    const tail = await take(runtime.logs(id, { follow: false, tail: 2 }));
    assert.equal(tail[0]?.text, "two");
  });

  test("is followed over a restart of the container until its removal", async () => {
    const id = await run({ name: "followed", image: "localhost/logger:v1" });
    const ended = (async () => {
      const texts: string[] = [];
      let first = 0;
      for await (const { text } of runtime.logs(id, { follow: true })) {
        texts.push(text);
        if (text === "line 1") first++;
        if (first === 1 && text === "line 3") void runtime.stop(id).then(() => runtime.start(id));
        if (first === 2 && text === "line 2") void runtime.remove(id);
      }
      return texts;
    })();
    const texts = await ended;
    assert.equal(texts.filter((text) => text === "line 1").length, 2);
  });

  test("that is followed ends at an abort", async () => {
    const id = await run({ name: "aborted", image: "localhost/logger:v1" });
    const aborter = new AbortController();
    const texts: string[] = [];
    for await (const { text } of runtime.logs(id, { follow: true }, aborter.signal)) {
      texts.push(text);
      if (text === "line 3") aborter.abort();
    }
    assert.deepEqual(texts, ["line 1", "line 2", "line 3"]);
  });

  test("of a container that does not exist is an error", async () => {
    await assert.rejects(take(runtime.logs("nobody", { follow: false })), { code: "CONTAINER_NOT_FOUND" });
  });

  test("of a container that never started is empty", async () => {
    const id = await runtime.create(aContainer({ name: "unstarted" }));
    assert.deepEqual(await take(runtime.logs(id, { follow: false })), []);
  });

  test("comes from podman's API where its file cannot be read, with the same text", async () => {
    const stateDirectory = join(podman.directory, "api-logs");
    const logger = createLogger({ name: "podman", level: "warn" });
    const service = await openPodmanService({
      ...{ stateDirectory, environment: podman.environment, logger, clock: systemClock },
    });
    await using client = new PodmanClient(service, logger, systemClock);
    const id = await run({
      name: "api",
      ...script(`printf on; sleep 0.1; echo e; ${until("two")}; echo two >&2; sleep 60`),
    });
    const printed = (count: number): Promise<void> =>
      eventually(async () => assert.equal((await take(runtime.logs(id, { follow: false }))).length, count));
    await printed(1);
    await podman.cli("exec", "api", "touch", "/two");
    await printed(2);
    const read = async (options: { follow: boolean; tail?: number }, count?: number): Promise<string[][]> => {
      const { signal } = new AbortController();
      const entries = await take(readApiLogs(client, id, options, systemClock, signal), count);
      return entries.map(({ stream, text }) => [stream, text]);
    };
    const expected = [
      ["stdout", "one"],
      ["stderr", "two"],
    ];
    assert.deepEqual(await read({ follow: false }), expected);
    assert.deepEqual(await read({ follow: true }, 2), expected);
    assert.deepEqual(await read({ follow: false, tail: 1 }), expected.slice(1));
  });
});

describe("a command in a container", () => {
  test("returns its output and exit code", async () => {
    const id = await run({ name: "executes" });
    const argv = ["sh", "-c", "echo out; echo err >&2; exit 4"];
    const { exitCode, output } = await runtime.exec(id, argv, 30_000);
    assert.deepEqual([exitCode, output.split("\n").toSorted()], [4, ["", "err", "out"]]);
    const missing = await runtime.exec(id, ["no-such-command"], 30_000);
    assert.equal(missing.exitCode, 127);
    assert.match(missing.output, /executable file not found/);
  });

  test("has its output cut at 64 KiB", async () => {
    const id = await run({ name: "talks" });
    const { output, exitCode } = await runtime.exec(id, ["head", "-c", "1000000", "/dev/zero"], 30_000);
    assert.deepEqual([output.length, exitCode], [65_536, 0]);
  });

  test("is killed at its time limit and at an abort", async () => {
    const id = await run({ name: "sleeps" });
    const sleepers = async (): Promise<number> => {
      const { output } = await runtime.exec(id, ["sh", "-c", "ps | grep -c '[s]leep 1000'"], 30_000);
      return Number(output);
    };
    // A slow machine takes longer to begin.
    const limitsMs = [500, 5_000, 50_000];
    const outputs: string[][] = [];
    while (outputs.length < limitsMs.length && outputs.at(-1)?.length !== 1) {
      const argv = ["sh", "-c", "echo began; exec sleep 1000"];
      await assert.rejects(
        runtime.exec(id, argv, limitsMs[outputs.length] ?? 0),
        (error: Error & { code: string; output: string[] }) => {
          assert.equal(error.code, "EXEC_TIMED_OUT");
          outputs.push(error.output);
          return true;
        },
      );
    }
    assert.deepEqual(outputs.at(-1), ["began"]);
    await eventually(async () => assert.equal(await sleepers(), 0));
    const aborter = new AbortController();
    const command = runtime.exec(id, ["sleep", "1000"], 60_000, aborter.signal);
    await eventually(async () => assert.equal(await sleepers(), 1));
    aborter.abort(new Error("given up"));
    await assert.rejects(command, /given up/);
    await eventually(async () => assert.equal(await sleepers(), 0));
  });

  test("leaves neither a session nor a process behind", async () => {
    const id = await run({ name: "tidy" });
    for (const argv of [["true"], ["no-such-command"], ["sh", "-c", "exit 3"]])
      await runtime.exec(id, argv, 30_000);
    await assert.rejects(runtime.exec(id, ["sleep", "1000"], 100), { code: "EXEC_TIMED_OUT" });
    assert.equal((await podman.cli("inspect", "tidy", "--format", "{{.ExecIDs}}")).trim(), "[]");
    const monitors = await findProcesses(
      (words) => words[0]?.endsWith("conmon") === true && words.includes(id),
    );
    assert.equal(monitors.length, 1);
  });

  test("needs a running container", async () => {
    const id = await runtime.create(aContainer({ name: "idle" }));
    await assert.rejects(runtime.exec(id, ["true"], 30_000), { code: "CONTAINER_NOT_RUNNING" });
    await assert.rejects(runtime.exec("nobody", ["true"], 30_000), { code: "CONTAINER_NOT_FOUND" });
  });
});

test("every call is logged as a command that has the same effect, and no value of the environment is", async () => {
  const lines: string[] = [];
  const logger = createLogger({
    name: "podman",
    level: "debug",
    destination: { write: (line) => lines.push(line) },
  });
  await using logged = await podman.runtime(logger);
  const request = aContainer({
    name: "logged",
    env: ["DB_PASSWORD=hunter2", "PORT=8123"],
    labels: { "net.example": "it's" },
  });
  const id = await logged.create(request);
  await logged.start(id);
  await logged.stop(id);
  await logged.remove(id);
  const commands = lines
    .map((line) => (JSON.parse(line) as { command?: string }).command ?? "")
    .filter(Boolean);
  assert.equal(commands.at(-1), `podman rm --force --volumes --time 0 ${id}`);
  assert.equal(lines.join("").includes("hunter2"), false);
  const { execFileSync } = await import("node:child_process");
  const environment = { ...podman.environment, DB_PASSWORD: "hunter2", PORT: "8123" };
  const [create = ""] = commands;
  const pasted = execFileSync("/bin/sh", ["-c", create], { env: environment, encoding: "utf8" }).trim();
  const ours = await logged.create({ ...request, name: "ours" });
  const [one, other] = await Promise.all([runtime.inspect(pasted), runtime.inspect(ours)]);
  const volatile = { id: "", name: "", createdAtMs: 0, env: [] };
  assert.deepEqual({ ...one, ...volatile }, { ...other, ...volatile });
  const values = (env: readonly string[] = []): string[] =>
    env.filter((each) => !each.startsWith("HOSTNAME=")).toSorted();
  assert.deepEqual(values(one?.env), values(other?.env));
});

test("no secret of the agent's environment reaches a container's monitor or podman's service", async () => {
  const environment = { ...podman.environment, MCP_TOKEN: "very-secret-indeed" };
  const stateDirectory = join(podman.directory, "clean");
  const logger = createLogger({ name: "podman", level: "warn" });
  const { openPodman } = await import("../runtime/podman.ts");
  await using clean = await openPodman({ stateDirectory, environment, logger, clock: systemClock });
  const id = await clean.create(aContainer({ name: "clean" }));
  await clean.start(id);
  const monitor = (await podman.cli("inspect", "clean", "--format", "{{.State.ConmonPid}}")).trim();
  const inherited = readFileSync(`/proc/${monitor}/environ`, "utf8");
  assert.match(inherited, /CONTAINERS_CONF=/);
  assert.equal(inherited.includes("very-secret-indeed"), false);
});
