import { eventually } from "@metacircular/testkit/eventually.ts";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { Resolver } from "node:dns/promises";
import { copyFile, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createBrowser } from "./browser.ts";
import { createTestPlatform, execute, type Outcome, run, type TestPlatform } from "./metacircular.ts";

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
  }, 120_000);
}

/** The servers and their supervisor, by entry file and command. */
async function programsRunning(): Promise<string[]> {
  const names = (await platform.processes()).map(({ argv }) => {
    const entry = argv.findIndex((text) => text.endsWith("/main.ts"));
    return `${argv[entry]?.split("/").at(-2)} ${argv[entry + 1]}`;
  });
  return names.filter((name) => / (supervise|server)$/.test(name)).toSorted();
}

const servers = ["mcp-agent", "mcr", "mc-proxy", "mcns", "metacrypt", "mcias"] as const;
const onceEach = [
  "agent server",
  "mc-proxy server",
  "mcias server",
  "mcns server",
  "mcr server",
  "metacircular supervise",
  "metacrypt server",
];

/** Asks for the sample under its own name, trusting the platform's root alone. */
async function visitSample(): Promise<string> {
  const { METACIRCULAR_CA: ca = "", METACIRCULAR_RESOLVE: resolve = "" } = await platform.exported();
  const [host = "", port = ""] = resolve.split(":");
  const { code, stdout, stderr } = await run("curl", [
    ...["--silent", "--show-error", "--fail", "--cacert", ca, "--resolve", resolve],
    `https://${host}:${port}/`,
  ]);
  assert.equal(code, 0, stderr);
  return stdout;
}

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

  test("the sample answers under its own name, with a certificate of the platform's root", async () => {
    assert.match(await visitSample(), /Hello from your own machine/);
  });

  test("its name resolves at the platform's own name server", async () => {
    const [name = ""] = (await platform.exported())["METACIRCULAR_RESOLVE"]?.split(":") ?? [];
    const { ports } = JSON.parse(await readFile(join(platform.state, "platform.json"), "utf8")) as {
      ports: { dns: number };
    };
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${ports.dns}`]);
    assert.deepEqual(await resolver.resolve4(name), ["127.0.0.1"]);
  });

  test("the services' own commands work with what env exports", async () => {
    const exported = await platform.exported();
    const calls = [
      ["mcias/main.ts", "account", "list", /mcp-agent[^]*operator/],
      ["metacrypt/main.ts", "mount", "list", /pki/],
      ["mcns/main.ts", "zone", "list", /mc\.internal/],
      ["mcr/main.ts", "repository", "list", /hello-ticker[^]*hello-web/],
      ["mc-proxy/ctl/main.ts", "route", "list", /hello\.mc\.internal/],
    ] as const;
    for (const [entry, subject, verb, expected] of calls) {
      assert.match(succeeded(await execute(entry, [subject, verb], exported)).stdout, expected);
    }
  });

  test("the sample's images are in the platform's registry, where podman gets them as the operator", async () => {
    const { METACIRCULAR_REGISTRY: registry = "", METACIRCULAR_CA: ca = "" } = await platform.exported();
    assert.match(registry, /^127\.0\.0\.1:\d+$/);
    const trust = join(platform.podman.directory, "trust");
    await mkdir(trust);
    await copyFile(ca, join(trust, "ca.crt"));
    const password = (await readFile(join(platform.state, "operator/password"), "utf8")).trim();
    const access = ["--creds", `operator:${password}`, "--cert-dir", trust];
    const image = `${registry}/hello-web:v1.0.0`;
    const { stdout } = await run("skopeo", ["inspect", ...access, `docker://${image}`]);
    const { Digest: digest } = JSON.parse(stdout) as { Digest: string };
    await platform.podman.cli("pull", "--quiet", ...access, `${registry}/hello-web@${digest}`);
    const inspected = await platform.podman.cli("image", "inspect", image);
    assert.ok(inspected.includes(digest), inspected);
  });

  test("a changed source and version are built, pushed and deployed by one command", async () => {
    const page = join(platform.state, "operator/workspace/hello/web/index.html");
    const definition = join(platform.state, "operator/services/hello.toml");
    await writeFile(page, "<p>Changed by its owner</p>");
    const before = await readFile(definition, "utf8");
    await writeFile(definition, before.replace("hello-web:v1.0.0", "hello-web:v1.1.0"));
    const plan = succeeded(await platform.mcp("plan", "hello")).stdout;
    assert.match(plan, /build image [^\n]*hello-web:v1\.1\.0/);
    assert.doesNotMatch(plan, /build image [^\n]*hello-ticker/);
    succeeded(await platform.mcp("deploy", "hello"));
    assert.match(await visitSample(), /Changed by its owner/);
    await writeFile(definition, before);
    succeeded(await platform.mcp("deploy", "hello"));
    assert.match(await visitSample(), /Hello from your own machine/);
  });

  test("Chromium shows the sample when it trusts the root, and refuses it when not", async () => {
    const { METACIRCULAR_CA: ca = "", METACIRCULAR_RESOLVE: resolve = "" } = await platform.exported();
    const [host = "", port = ""] = resolve.split(":");
    await using browser = await createBrowser(`MAP ${host} 127.0.0.1`);
    const url = `https://${host}:${port}/`;
    assert.doesNotMatch(await browser.show(url), /Hello from your own machine/);
    await browser.trust(ca);
    assert.match(await browser.show(url), /Hello from your own machine/);
  });

  test("secrets are for their owner alone and in no argument list", async () => {
    const secrets = [
      "operator/password",
      "operator/token",
      "mcp/token",
      "ca/root-key.pem",
      "mcp/certs/key.pem",
      "mcp/acme-key",
      "metacrypt/unseal-key",
      "metacrypt/certs/key.pem",
      "mcns/certs/key.pem",
      "mcr/certs/key.pem",
    ];
    for (const name of secrets) {
      assert.equal((await stat(join(platform.state, name))).mode & 0o777, 0o600, name);
    }
    assert.equal((await stat(platform.state)).mode & 0o777, 0o700);
    const password = (await readFile(join(platform.state, "operator/password"), "utf8")).trim();
    const logs = await Promise.all(
      ["supervisor", ...servers].map((name) => readFile(join(platform.state, `logs/${name}.log`), "utf8")),
    );
    const acmeKey = (await readFile(join(platform.state, "mcp/acme-key"), "utf8")).trim();
    for (const text of [...logs, ...(await platform.processes()).map(({ argv }) => argv.join(" "))]) {
      assert.ok(!text.includes(password));
      assert.ok(!text.includes(acmeKey));
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
    for (const program of servers) {
      const before = await platform.pid(program);
      await kill(program);
      await untilHealthy();
      assert.notEqual(await platform.pid(program), before);
    }
    assert.deepEqual(await platform.containers(), containers);
    assert.deepEqual(await programsRunning(), onceEach);
    assert.match(await visitSample(), /Hello/);
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
    await kill("supervisor", ...servers);
    for (const outcome of await Promise.all([platform.run("up"), platform.run("up")])) succeeded(outcome);
    assert.deepEqual(await programsRunning(), onceEach);
    assert.ok((await platform.status()).ok);
    assert.match(await visitSample(), /Hello/);
  });

  test("down after everything was killed leaves no process, the proxy's data plane included", async () => {
    await kill("supervisor", ...servers);
    succeeded(await platform.run("down"));
    assert.deepEqual(await platform.processes(), []);
    succeeded(await platform.run("up"));
    assert.match(await visitSample(), /Hello/);
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
      [true, true, true, true, true, true, false],
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
      assert.match(await visitSample(), /Hello/);
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
