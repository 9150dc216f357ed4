import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { FindingSeverity } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

import { version } from "../version.ts";
import { all, anAgent, disk, examined, holding, wrong, type Examination } from "./examination.ts";
import { parsed, runTool } from "./tool.ts";
import { aDefinition, createWorkplace } from "./workplace.ts";

describe("doctor", () => {
  test("finds nothing where all is well, and lists what is fine when asked", async () => {
    await using place = await createWorkplace({ rift: anAgent("rift", holding("shop")) });
    await place.define("shop", aDefinition("shop", "web"));
    const { code, stdout, stderr } = await place.mcp("doctor");
    assert.equal(code, 0, stdout);
    assert.match(
      stdout,
      /^this machine:\n {2}warning {2}configuration: identity service: .*\n {11}next: .*\n/,
    );
    assert.match(stdout, /\nnode rift \(127\.0\.0\.1:\d+\):\n {2}ok {7}10 checks fine\n$/);
    assert.match(stderr, /^\n0 problems, 1 warning; \d+ checks fine\n$/);
    const listed = await place.mcp("doctor", "rift", "--verbose");
    assert.match(listed.stdout, /\n {2}ok {7}disk: \/srv: 50 GiB are free\n/);
    assert.match(listed.stdout, /\n {2}ok {7}tls: 127\.0\.0\.1:\d+: TLS 1\.3\n/);
  });

  test("says how to begin where nothing is configured", async () => {
    await using place = await createTemporaryDirectory();
    const file = join(place.path, "mcp.toml");
    const missing = await runTool(["doctor", "--config", file]);
    assert.equal(missing.code, 1);
    assert.match(
      missing.stdout,
      /problem {2}configuration: .*mcp\.toml: there is no such file\n +next: .*mcp node add/,
    );
    await writeFile(file, "[mcias]\nserver_ulr = 7\n");
    const invalid = await runTool(["doctor", "--config", file]);
    assert.equal(invalid.code, 1);
    assert.match(invalid.stdout, /server_ulr/);
    await writeFile(file, "");
    await chmod(file, 0o666);
    const empty = await runTool(["doctor", "--config", file, "-o", "json"]);
    const { machine } = parsed<Examination>(empty.stdout);
    const remedies = machine.filter(({ severity }) => severity !== "ok").map(({ remedy }) => remedy);
    assert.deepEqual(remedies.slice(0, 2), [`chmod go-w ${file}`, "mcp node add <name> <host:port>"]);
    assert.ok(remedies.includes("mcp login"), remedies.join("\n"));
  });

  test("a node that is down does not hide the others, and is exit code 4", async () => {
    await using place = await createWorkplace({ rift: anAgent("rift"), svc: null });
    const { code, seen } = await examined(place);
    assert.equal(code, 4);
    assert.deepEqual(wrong(seen.nodes[0]?.findings ?? []), []);
    assert.deepEqual(wrong(seen.nodes[1]?.findings ?? []), [
      "reachability problem 127.0.0.1:1: the connection was refused",
    ]);
    assert.match(
      seen.nodes[1]?.findings[0]?.remedy ?? "",
      /^start the agent there: systemctl start mcp-agent/,
    );
    const only = await examined(place, "rift");
    assert.deepEqual([only.code, only.seen.nodes.length], [0, 1]);
    const unknown = await place.mcp("doctor", "rit");
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /did you mean rift\?/);
  });

  test("what a node finds out about itself is shown, and a problem is exit code 1", async () => {
    const found = {
      check: "disk",
      severity: FindingSeverity.PROBLEM,
      subject: "/srv",
      found: "it is full",
      remedy: "rm",
    };
    const agent = anAgent("rift", { diagnose: () => ({ findings: [disk, found] }) });
    await using place = await createWorkplace({ rift: agent });
    const { code, stdout } = await place.mcp("doctor");
    assert.equal(code, 1);
    assert.match(stdout, /node rift .*:\n {2}problem {2}disk: \/srv: it is full\n {11}next: rm\n/);
  });

  test("definitions are read, all of them, and compared with the nodes", async () => {
    await using place = await createWorkplace({
      rift: anAgent("rift", holding("both", "blog")),
      svc: anAgent("svc", holding("both", "moved")),
    });
    await place.define("both", aDefinition("both", "web"));
    await place.define("moved", aDefinition("moved", "web"));
    await place.define("bad", 'name = "bad"\nnode = "rift"\nactiv = true\n');
    await place.define("lost", aDefinition("lost", "web").replace('"rift"', '"rifft"'));
    const { code, seen } = await examined(place);
    assert.equal(code, 1);
    const lines = wrong(seen.machine).filter((line) => !line.startsWith("configuration"));
    assert.match(
      lines[0] ?? "",
      /^definitions problem .*bad\.toml: \d problems\n[^]*bad\.toml:3:1: unknown key/,
    );
    assert.match(lines[1] ?? "", /^definitions problem .*lost\.toml: it names node rifft, which/);
    assert.deepEqual(lines.slice(2), [
      "placement warning both: nodes rift and svc have it; its definition names rift",
      "placement warning moved: node svc has it, but its definition names rift",
    ]);
  });

  test("a clock that is wrong is told apart from a slow network", async () => {
    const anHourAgo = () => timestampFromMs(Date.now() - 3_600_000);
    await using place = await createWorkplace({
      rift: anAgent("rift", {
        nodeStatus: () => ({ nodeName: "rift", agentVersion: version, now: anHourAgo() }),
      }),
      svc: anAgent("svc", {
        async nodeStatus() {
          const now = timestampFromMs(Date.now());
          await new Promise((resolve) => setTimeout(resolve, 2_500));
          return { nodeName: "svc", agentVersion: version, now };
        },
      }),
    });
    const { seen } = await examined(place);
    const clocks = all(seen).filter(({ check }) => check === "clock");
    assert.deepEqual(
      clocks.map(({ severity }) => severity),
      ["problem", "ok"],
    );
    assert.match(clocks[0]?.found ?? "", /^it is 3(59\d|600)\.\d s behind this machine's$/);
  });

  test("a workspace that is not there and a registry that does not answer are problems", async () => {
    const tables = '[build]\nworkspace = "nowhere"\n[registry]\naddress = "127.0.0.1:1"\n';
    await using place = await createWorkplace({ rift: anAgent("rift") }, tables);
    const { seen } = await examined(place);
    const findings = wrong(seen.machine);
    const missing = `building problem ${place.directory}/nowhere: there is no such directory, so that no image can be built`;
    assert.ok(findings.includes(missing), findings.join("\n"));
    assert.ok(findings.includes("registry problem 127.0.0.1:1: the connection was refused"));
  });

  test("an agent that is older than this tool is told so by what it lacks", async () => {
    await using place = await createWorkplace({
      rift: { ...anAgent("rift"), nodeStatus: () => ({ nodeName: "rift", agentVersion: "0.0.9" }) },
      svc: {
        nodeStatus: anAgent("svc").nodeStatus ?? (() => ({})),
        listServices: () => ({}),
        listOperations: () => ({}),
      },
    });
    const { code, seen } = await examined(place);
    assert.equal(code, 0);
    assert.deepEqual(wrong(seen.nodes[0]?.findings ?? []), [
      `version warning agent of rift: its version is 0.0.9, mcp's is ${version}`,
      "clock unknown clock of rift: the agent is too old to tell its time",
    ]);
    assert.deepEqual(wrong(seen.nodes[1]?.findings ?? []), [
      "version warning agent of svc: it does not know ListAlerts, Diagnose",
    ]);
  });

  test("a login that is refused, missing or open to others is a problem", async () => {
    await using place = await createWorkplace({ rift: anAgent("rift") });
    const run = async (token: string): Promise<Examination> => {
      const env = { MCP_CONFIG: place.configFile, MCP_TOKEN: token };
      return parsed<Examination>((await runTool(["doctor", "-o", "json"], { env })).stdout);
    };
    assert.match(
      wrong((await run("garbage")).nodes[0]?.findings ?? []).join("\n"),
      /^authentication problem rift: it is not a token \(TOKEN_INVALID\)$/,
    );
    const missing = await run("");
    assert.ok(wrong(missing.machine).includes("login problem login: you are not logged in"));
    assert.deepEqual(wrong(missing.nodes[0]?.findings ?? []), [
      "authentication unknown rift: it was not asked, since there is no login",
    ]);
    await writeFile(place.tokenFile, "token-of-alice", { mode: 0o644 });
    const { machine } = await run("");
    assert.deepEqual(
      machine.filter(({ check, severity }) => check === "login" && severity === "problem").length,
      1,
      "one cause, one finding",
    );
    const exposed = machine.find(({ subject }) => subject === place.tokenFile);
    assert.equal(exposed?.remedy.slice(0, 20), "run `chmod 600 " + place.tokenFile.slice(0, 5));
    await chmod(place.tokenFile, 0o600);
    assert.deepEqual(wrong((await run("")).nodes[0]?.findings ?? []), []);
  });
});

test("doctor looks at the nodes although the identity service is down and the login has to be renewed", async () => {
  await using place = await createWorkplace(
    { rift: anAgent("rift") },
    '[mcias]\nserver_url = "https://127.0.0.1:1"\n',
  );
  const stored = {
    access_token: "t",
    refresh_token: "r",
    expires_at: "2026-01-01T00:00:00Z",
    issuer: "https://127.0.0.1:1",
    account: "kyle",
  };
  await writeFile(place.tokenFile, JSON.stringify(stored), { mode: 0o600 });
  const { code, stdout } = await runTool(["doctor", "-o", "json"], { env: { MCP_CONFIG: place.configFile } });
  assert.equal(code, 4, stdout);
  const seen = parsed<Examination>(stdout);
  const problems = all(seen).filter(({ severity }) => severity === "problem");
  assert.deepEqual(new Set(problems.map(({ check }) => check)), new Set(["reachability"]));
  const [node] = seen.nodes;
  assert.ok(node !== undefined);
  assert.ok(node.findings.some(({ check, severity }) => check === "tls" && severity === "ok"));
  assert.deepEqual(wrong(node.findings), [
    "authentication unknown rift: it was not asked, since there is no login",
  ]);
});
