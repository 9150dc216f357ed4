import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { timestampFromMs } from "@bufbuild/protobuf/wkt";

import { commandTable } from "../command-table.ts";
import type { CommandEntry } from "../command-entry.ts";
import { parsed, runTool } from "./tool.ts";
import { aDefinition, type AgentDouble, createWorkplace } from "./workplace.ts";

interface Listed {
  services: unknown[];
  failures: { node: string; error: { code: string } }[];
}

const startedMs = Date.UTC(2026, 10, 20);

/** Says the same to every question about services. */
function agentWith(service: string): AgentDouble {
  const component = {
    name: "web",
    container: `${service}-web`,
    image: "localhost/web:v1",
    version: "v1",
    desiredState: "running",
    observedState: "exited",
    exitCode: 3,
    started: timestampFromMs(startedMs),
    observed: timestampFromMs(startedMs),
    observedFrom: "watch",
    ports: ["8080:80"],
    routes: [{ name: "rest", port: 443, mode: "l7", hostPort: 31_080 }],
  };
  const seen = { name: "stranger", container: "stranger", desiredState: "ignore", observedState: "running" };
  const services = [
    { name: service, active: true, components: [component] },
    { name: "stranger", components: [seen] },
  ];
  const states = { service, component: "web", desiredState: "running", observedState: "exited" };
  const event = {
    service,
    component: "web",
    prevState: "running",
    newState: "exited",
    timestamp: timestampFromMs(startedMs),
  };
  return {
    listServices: () => ({ services }),
    liveCheck: () => ({ services }),
    getServiceStatus: () => ({ services, drift: [states], recentEvents: [event] }),
    nodeStatus: () => ({ nodeName: "rift", runtime: "podman", memoryTotalBytes: 2n ** 31n }),
    listOperations: () => ({
      operations: [{ id: "op-1", kind: "deploy", service, started: timestampFromMs(startedMs) }],
    }),
    async *watchEvents() {
      const { timestamp, ...state } = event;
      yield { timestamp, service, component: "web", event: { case: "stateChanged", value: state } };
      yield { event: { case: "caughtUp", value: {} } };
    },
    async *logs() {
      yield {
        lines: [
          { component: "web", stream: "stdout", text: "one", timestamp: timestampFromMs(startedMs) },
          { component: "api", stream: "stderr", text: "two", timestamp: timestampFromMs(startedMs) },
        ],
      };
    },
  };
}

test("ps shows state, exit code, version and ports, and hides what is only seen", async () => {
  await using workplace = await createWorkplace({ rift: agentWith("hello") });
  const { code, stdout, stderr } = await workplace.mcp("ps");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(stdout.split("\n"), [
    "NODE  SERVICE  COMPONENT  STATE       VERSION  UPTIME  PORTS",
    "rift  hello    web        exited (3)  v1       -       8080:80, 443→31080",
    "",
  ]);
  assert.match((await workplace.mcp("ps", "--all")).stdout, /stranger/);
});

test("status shows drift, recent events, and where and when the state was learnt", async () => {
  await using workplace = await createWorkplace({ rift: agentWith("hello") });
  const { stdout, stderr } = await workplace.mcp("status");
  assert.match(stdout, /SEEN\n.*\d+d ago \(watch\)/);
  assert.match(stdout, /drift:\n {2}rift {2}hello\/web {2}should be running, is exited\n/);
  assert.match(stderr, /next: `mcp start hello`/);
  assert.match(
    stdout,
    /recent events:\n {2}2026-11-\d\d \d\d:\d\d:\d\d {2}rift {2}hello\/web {2}running → exited\n/,
  );
});

test("status sends whoever has a crash loop to its output, as starting it again would not help", async () => {
  const agent = agentWith("hello");
  const repair = { state: "crash-loop", attempts: 2 };
  const components = [{ name: "web", desiredState: "running", observedState: "exited", repair }];
  const drift = [{ service: "hello", component: "web", desiredState: "running", observedState: "exited" }];
  const getServiceStatus = () => ({ services: [{ name: "hello", active: true, components }], drift });
  await using workplace = await createWorkplace({ rift: { ...agent, getServiceStatus } });
  assert.match((await workplace.mcp("status")).stderr, /next: `mcp logs hello`/);
});

describe("a question to several nodes", () => {
  test("shows the answers of those that answer, the failures of the others, and exits with 5", async () => {
    await using workplace = await createWorkplace({
      rift: agentWith("hello"),
      dead: null,
      svc: agentWith("mcr"),
    });
    const forPeople = await workplace.mcp("list");
    assert.equal(forPeople.code, 5);
    assert.match(forPeople.stdout, /rift +hello +yes[^]*svc +mcr +yes/);
    assert.match(
      forPeople.stderr,
      /^node dead: cannot connect to node dead: the connection was refused\n[^]*code: NODE_UNREACHABLE\n$/,
    );
    const forPrograms = await workplace.mcp("list", "-o", "json");
    const { services, failures } = parsed<Listed>(forPrograms.stdout);
    assert.equal(services.length, 4);
    assert.deepEqual(
      failures.map((each) => [each.node, each.error.code]),
      [["dead", "NODE_UNREACHABLE"]],
    );
    assert.equal(forPrograms.stderr, "");
  });

  test("exits with 4 when none can be reached", async () => {
    await using workplace = await createWorkplace({ a: null, b: null });
    const { code, stdout } = await workplace.mcp("ps");
    assert.deepEqual([code, stdout], [4, ""]);
  });

  test("asks only the nodes that --node names", async () => {
    await using workplace = await createWorkplace({ rift: agentWith("hello"), dead: null });
    assert.equal((await workplace.mcp("list", "--node", "rift")).code, 0);
    const unknown = await workplace.mcp("list", "--node", "rif");
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /did you mean rift\?/);
  });

  test("exits with 3 when the token is refused everywhere", async () => {
    await using workplace = await createWorkplace({ rift: agentWith("hello") });
    const env = { MCP_CONFIG: workplace.configFile, MCP_TOKEN: "garbage" };
    const { code, stderr } = await runTool(["list"], { env });
    assert.equal(code, 3);
    assert.match(stderr, /code: TOKEN_INVALID/);
  });
});

test("logs prefix the components of a service, and not a single component", async () => {
  await using workplace = await createWorkplace({ rift: agentWith("hello") });
  await workplace.define("hello", aDefinition("hello", "web", "api"));
  assert.equal((await workplace.mcp("logs", "hello")).stdout, "web | one\napi | two\n");
  assert.match((await workplace.mcp("logs", "hello/web", "-t")).stdout, /^2026-11-\d\d \d\d:\d\d:\d\d one\n/);
  assert.equal((await workplace.mcp("logs", "hello", "--tail", "many")).code, 2);
});

test("a reader that closes the pipe early is no error", async () => {
  const line = { component: "web", stream: "stdout", text: "x".repeat(1_000) };
  await using workplace = await createWorkplace({
    rift: {
      async *logs() {
        for (;;) yield { lines: Array.from({ length: 100 }, () => line) };
      },
    },
  });
  await workplace.define("hello", aDefinition("hello", "web"));
  const tool = workplace.start("logs", "hello", "--follow");
  await tool.seen(/web \| x/);
  tool.child.stdout?.destroy();
  const { code, signal, stderr } = await tool.result;
  assert.deepEqual([code, signal, stderr], [0, null, ""]);
});

test("JSON output has the documented keys, and times in ISO 8601", async () => {
  await using workplace = await createWorkplace({ rift: agentWith("hello") });
  const lines = new Set(["events", "logs"]);
  await workplace.define("hello", aDefinition("hello", "web"));
  const commands: Record<string, readonly string[]> = {
    list: ["list"],
    ps: ["ps"],
    status: ["status"],
    operations: ["operations"],
    events: ["events"],
    logs: ["logs", "hello"],
    version: ["version"],
    "node list": ["node", "list"],
    "node status": ["node", "status"],
  };
  for (const [name, argv] of Object.entries(commands)) {
    const { stdout, stderr } = await workplace.mcp(...argv, "-o", "json");
    const document = parsed<object>(lines.has(name) ? (stdout.split("\n")[0] ?? "") : stdout);
    const documented = Object.keys((await loadJson(name)) ?? {}).filter((key) => key !== "…");
    const printed = Object.keys(document).slice(0, documented.length);
    assert.deepEqual(printed, documented, `${name}: ${stderr}`);
    assert.doesNotMatch(stdout, /2026-11-\d\d \d\d:/, name);
  }
});

async function loadJson(name: string): Promise<Readonly<Record<string, string>> | undefined> {
  let entries: readonly CommandEntry[] = commandTable;
  for (const part of name.split(" ")) {
    const entry = entries.find((each) => each.name === part);
    assert.ok(entry !== undefined, name);
    if ("load" in entry) return (await entry.load()).json;
    entries = entry.commands;
  }
  return undefined;
}
