import { eventually } from "@metacircular/testkit/eventually.ts";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createTestPlatform, type Outcome, type TestPlatform } from "./metacircular.ts";

// One platform goes through its whole life, in this order: starting one takes longer than everything else.
let platform: TestPlatform;

before(async () => {
  platform = await createTestPlatform();
});

after(() => platform[Symbol.asyncDispose]());

function succeeded(outcome: Outcome): Outcome {
  assert.equal(outcome.code, 0, outcome.stderr + outcome.stdout);
  return outcome;
}

type Program = Parameters<TestPlatform["pid"]>[0];

async function kill(...programs: Program[]): Promise<void> {
  const pids = await Promise.all(programs.map((name) => platform.pid(name)));
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

function untilHealthy(): Promise<void> {
  return eventually(async () => {
    const { ok, programs } = await platform.status();
    assert.ok(ok, JSON.stringify(programs));
  }, 30_000);
}

/** The servers and their supervisor, by entry file and command. */
async function programsRunning(): Promise<string[]> {
  const names = (await platform.processes()).map(({ argv }) => {
    const entry = argv.findIndex((text) => text.endsWith("/main.ts"));
    return `${argv[entry]?.split("/").at(-2)} ${argv[entry + 1]}`;
  });
  return names.filter((name) => / (supervise|server)$/.test(name)).toSorted();
}

const onceEach = ["agent server", "mcias server", "metacircular supervise"];

describe("metacircular", { concurrency: false }, () => {
  test("status and env say that nothing was started yet, and down has nothing to do", async () => {
    const status = await platform.run("status");
    assert.equal(status.code, 1);
    assert.match(status.stdout, /No platform was started/);
    const env = await platform.run("env");
    assert.equal(env.code, 1);
    assert.match(env.stderr, /PLATFORM_ABSENT/);
    assert.match(succeeded(await platform.run("down")).stderr, /Nothing is up/);
    assert.equal(existsSync(platform.state), false);
  });

  test("up deploys the sample, whose page and data are there", async () => {
    const { stdout } = succeeded(await platform.run("up"));
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(stdout)?.[0];
    assert.ok(url !== undefined, stdout);
    assert.match(await (await fetch(url)).text(), /Hello from your own machine/);
    await eventually(async () => assert.ok((await platform.ticks()) > 0));
    const containers = await platform.containers();
    assert.deepEqual(Object.keys(containers).toSorted(), ["hello-ticker", "hello-web"]);
    assert.ok(Object.values(containers).every(({ state }) => state === "running"));
    assert.deepEqual(await programsRunning(), onceEach);
  });

  test("secrets are for their owner alone and in no argument list", async () => {
    const secrets = [
      "operator/password",
      "operator/token",
      "mcp/token",
      "ca/root-key.pem",
      "mcp/certs/key.pem",
    ];
    for (const name of secrets) {
      assert.equal((await stat(join(platform.state, name))).mode & 0o777, 0o600, name);
    }
    assert.equal((await stat(platform.state)).mode & 0o777, 0o700);
    const password = (await readFile(join(platform.state, "operator/password"), "utf8")).trim();
    const logs = await Promise.all(
      ["supervisor", "mcias", "mcp-agent"].map((name) =>
        readFile(join(platform.state, `logs/${name}.log`), "utf8"),
      ),
    );
    for (const text of [...logs, ...(await platform.processes()).map(({ argv }) => argv.join(" "))]) {
      assert.ok(!text.includes(password));
    }
  });

  test("env points mcp at the platform, where the operator is logged in", async () => {
    const { stdout } = succeeded(await platform.run("env"));
    assert.match(stdout, new RegExp(`^export MCP_CONFIG=${platform.state}/operator/mcp.toml$`, "m"));
    assert.match(stdout, /^export CONTAINERS_CONF=\/.+$/m);
    assert.match(succeeded(await platform.mcp("whoami")).stdout, /operator/);
    assert.match(succeeded(await platform.mcp("ps")).stdout, /hello/);
  });

  test("a second up changes nothing that runs", async () => {
    const [containers, pids] = [
      await platform.containers(),
      (await platform.status()).programs.map(({ pid }) => pid),
    ];
    const { stderr } = succeeded(await platform.run("up"));
    assert.equal(stderr, "Already up.\n");
    assert.deepEqual(await platform.containers(), containers);
    assert.deepEqual(
      (await platform.status()).programs.map(({ pid }) => pid),
      pids,
    );
  });

  test("a program that is killed comes back by itself, and its containers run on", async () => {
    const containers = await platform.containers();
    for (const program of ["mcp-agent", "mcias"] as const) {
      const before = await platform.pid(program);
      await kill(program);
      await untilHealthy();
      assert.notEqual(await platform.pid(program), before);
    }
    assert.deepEqual(await platform.containers(), containers);
    assert.deepEqual(await programsRunning(), onceEach);
  });

  test("when the supervisor is killed status says so, and up takes over what runs", async () => {
    const [mcias, agent] = [await platform.pid("mcias"), await platform.pid("mcp-agent")];
    await kill("supervisor");
    const { code, stdout } = await platform.run("status");
    assert.equal(code, 1);
    assert.match(stdout, /supervisor +DOWN/);
    succeeded(await platform.run("up"));
    assert.deepEqual([await platform.pid("mcias"), await platform.pid("mcp-agent")], [mcias, agent]);
    assert.deepEqual(await programsRunning(), onceEach);
  });

  test("when everything is killed, two ups at once bring back one of each", async () => {
    await kill("supervisor", "mcias", "mcp-agent");
    for (const outcome of await Promise.all([platform.run("up"), platform.run("up")])) succeeded(outcome);
    assert.deepEqual(await programsRunning(), onceEach);
    assert.ok((await platform.status()).ok);
  });

  test("down stops programs and containers, and is safe to repeat", async () => {
    succeeded(await platform.run("down"));
    assert.deepEqual(await platform.processes(), []);
    const states = Object.values(await platform.containers()).map(({ state }) => state);
    assert.deepEqual(states, ["exited", "exited"]);
    assert.equal((await platform.run("status")).code, 1);
    assert.equal(succeeded(await platform.run("down")).stderr, "Already down.\n");
  });

  test("up says why a program does not start, with the last lines of its log, and heals afterwards", async () => {
    const database = join(platform.state, "mcp/mcp.db");
    await rename(database, `${database}.kept`);
    await writeFile(database, "this is no database");
    const { code, stderr } = await platform.run("up");
    assert.equal(code, 1);
    assert.match(stderr, /cannot start mcp-agent/);
    assert.match(stderr, / {2}\| .*DATABASE_UNREADABLE/);
    assert.ok(stderr.includes(`next: read ${platform.state}/logs/mcp-agent.log`), stderr);
    const { programs } = await platform.status();
    assert.deepEqual(
      programs.map(({ healthy }) => healthy),
      [true, true, false],
    );
    succeeded(await platform.run("down"));
    await rename(`${database}.kept`, database);
  });

  test("up again, with a port taken meanwhile, brings everything back with its data", async () => {
    const ticks = await platform.ticks();
    const ports = JSON.parse(await readFile(join(platform.state, "platform.json"), "utf8")) as {
      ports: { identity: number };
    };
    const squatter = createServer().listen(ports.ports.identity, "127.0.0.1");
    await once(squatter, "listening");
    try {
      const { stdout } = succeeded(await platform.run("up"));
      assert.ok(!stdout.includes(`https://127.0.0.1:${ports.ports.identity}\n`), stdout);
      await eventually(async () => assert.ok((await platform.ticks()) > ticks));
      assert.equal((await fetch(await platform.url())).status, 200);
      succeeded(await platform.mcp("status", "hello"));
    } finally {
      squatter.close();
    }
  });

  test("what the operator stopped stays stopped", async () => {
    succeeded(await platform.mcp("stop", "hello"));
    succeeded(await platform.run("down"));
    succeeded(await platform.run("up"));
    const states = Object.values(await platform.containers()).map(({ state }) => state);
    assert.ok(!states.includes("running"), String(states));
    assert.ok((await platform.status()).ok);
    succeeded(await platform.mcp("start", "hello"));
  });

  test("purge asks first, and then leaves nothing", async () => {
    const refused = await platform.run("down", "--purge");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /NOT_CONFIRMED/);
    assert.ok((await platform.status()).ok);
    succeeded(await platform.run("down", "--purge", "--yes"));
    assert.equal(existsSync(platform.state), false);
    assert.deepEqual(await platform.processes(), []);
    assert.deepEqual(await platform.containers(), {});
    assert.doesNotMatch(await platform.podman.cli("images", "--all"), /hello/);
    succeeded(await platform.run("down", "--purge", "--yes"));
  });
});
