import assert from "node:assert/strict";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { answerOn, createOperator, type Operator } from "@metacircular/testkit/operator.ts";

import { parsed, runTool, startTool, type ToolResult } from "./tool.ts";

let node: TestNode;
let operator: Operator;
let env: Record<string, string>;
let services: string;

before(async () => {
  node = await createTestNode();
  operator = createOperator(node);
  const directory = join(node.directory, "operator");
  services = join(directory, "services");
  await mkdir(services, { recursive: true });
  const configFile = join(directory, "mcp.toml");
  await writeFile(
    configFile,
    `[mcias]
server_url = "${node.identity.issuer}"
ca_cert = "${node.identity.caFile}"

[tls]
ca_cert = "${node.certificates.caFile}"

[[nodes]]
name = "${node.agent.node}"
address = "${node.agent.address}"
`,
  );
  env = { MCP_CONFIG: configFile };
  await node.identity.admin(["account", "add", "kyle", "--password-stdin"], "correct horse battery\n");
  const login = await runTool(["login", "-u", "kyle", "--password-stdin"], {
    env,
    input: "correct horse battery\n",
  });
  assert.equal(login.code, 0, login.stderr);
});

after(() => node[Symbol.asyncDispose]());

const mcp = (...argv: string[]): Promise<ToolResult> => runTool(argv, { env });

/** Runs a command that must succeed. */
async function done(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await mcp(...argv);
  assert.equal(code, 0, `mcp ${argv.join(" ")}: ${stderr}`);
  return stdout;
}

function definition(service: string, version: string, ...components: string[]): string {
  const blocks = components.map(
    (name, index) => `[[components]]
name = "${name}"
image = "localhost/web:${version}"

[[components.routes]]
port = ${8_000 + index}
mode = "l7"

[components.health]
http = "/healthz"
interval = "100ms"
deadline = "90s"
`,
  );
  return `# ${service}\nname = "${service}"\nnode = "${node.agent.node}" # here\n\n${blocks.join("\n")}`;
}

const write = (service: string, text: string): Promise<void> =>
  writeFile(join(services, `${service}.toml`), text);

const image = (container: string): Promise<string> => operator.inspect(container, "{{.ImageName}}");

describe("on a real node", () => {
  test("a service lives from deploy to undeploy", async () => {
    await write("life", definition("life", "v1", "web", "api"));
    assert.equal((await mcp("plan", "life", "--exit-code")).code, 10);
    await done("deploy", "life");
    assert.deepEqual(await operator.containers("life"), ["life-api running", "life-web running"]);
    assert.equal((await mcp("plan", "life", "--exit-code")).code, 0);
    const { components } = parsed<{
      components: { service: string; observed_state: string; routes: { host_port: number }[] }[];
    }>(await done("ps", "-o", "json"));
    const first = components.find(({ service }) => service === "life");
    assert.equal(first?.observed_state, "running");
    assert.equal(await answerOn(first.routes[0]?.host_port ?? 0), "v1");
    assert.match(await done("list"), /life +yes +web, api +v1\n/);

    await write("life", definition("life", "v2", "web", "api"));
    await done("deploy", "life/web");
    assert.deepEqual(
      [await image("life-web"), await image("life-api")],
      ["localhost/web:v2", "localhost/web:v1"],
    );
    await done("deploy", "life");
    assert.equal(await image("life-api"), "localhost/web:v2");

    const startedAt = await operator.inspect("life-web", "{{.State.StartedAt}}");
    await done("restart", "life/web");
    assert.notEqual(await operator.inspect("life-web", "{{.State.StartedAt}}"), startedAt);

    await done("stop", "life");
    assert.deepEqual(await operator.containers("life"), ["life-api exited", "life-web exited"]);
    assert.match(
      await readFile(join(services, "life.toml"), "utf8"),
      /^node = "testnode" # here\nactive = false\n/m,
    );
    await done("start", "life");
    assert.deepEqual(await operator.containers("life"), ["life-api running", "life-web running"]);
    assert.match(await readFile(join(services, "life.toml"), "utf8"), /^active = true\n/m);

    await done("undeploy", "life", "--yes");
    assert.deepEqual(await operator.containers("life"), []);
    assert.doesNotMatch(await done("list"), /life/);
  });

  test("a version that exits is undone, explained, and recorded", async () => {
    await write("bad", definition("bad", "v1", "web"));
    await done("deploy", "bad");
    await write("bad", definition("bad", "exits", "web"));
    const { code, stderr } = await mcp("deploy", "bad");
    assert.equal(code, 6, stderr);
    assert.match(stderr, /\| fatal: no database at \/nowhere\n/);
    assert.equal(await image("bad-web"), "localhost/web:v1");
    assert.deepEqual(await operator.containers("bad"), ["bad-web running"]);
    const { operations } = parsed<{ operations: { outcome: string }[] }>(
      await done("operations", "--service", "bad", "-o", "json"),
    );
    assert.deepEqual(
      operations.map(({ outcome }) => outcome),
      ["restored", "succeeded"],
    );
  });

  test("rollback goes back to the revision before, and the definition is shown as the node has it", async () => {
    await write("back", definition("back", "v1", "web"));
    await done("deploy", "back");
    await write("back", definition("back", "v2", "web"));
    await done("deploy", "back");
    assert.match(await done("history", "back"), /2 \*.*web=localhost\/web:v2\n1 .*web=localhost\/web:v1\n/);
    await done("rollback", "back", "--yes");
    assert.equal(await image("back-web"), "localhost/web:v1");
    const shown = await done("service", "show", "back");
    await writeFile(join(node.directory, "shown.toml"), shown);
    assert.equal((await mcp("plan", "-f", join(node.directory, "shown.toml"), "--exit-code")).code, 0, shown);
  });

  test("what is declared is synchronised, deployed, stopped and in the end purged", async () => {
    await write("day", definition("day", "v1", "web"));
    assert.match(
      await done("sync", "day"),
      /^day +testnode +changed +new; not running: web: mcp deploy day$/m,
    );
    await done("deploy", "day");
    assert.match(await done("sync", "day"), /^day +testnode +unchanged$/m);
    await write("day", definition("day", "v2", "web"));
    assert.match(
      await done("sync", "day"),
      /web: localhost\/web:v1 → localhost\/web:v2; changed since deployed: web: mcp deploy day$/m,
    );
    const status = await mcp("status", "day");
    assert.match(status.stdout, / v1 \(outdated\) /);
    assert.match(status.stderr, /^day changed since it was deployed; next: `mcp deploy day`$/m);
    assert.match(await done("list"), /day +yes +web +v1 \(outdated\)$/m);
    assert.equal((await done("start", "day", "--dry-run")).includes("replace"), false);
    assert.match(await done("stop", "day", "--dry-run"), /^ {2}stop web$/m);
    await done("restart", "day");
    assert.equal(await image("day-web"), "localhost/web:v1");
    assert.match(await done("plan", "day"), /image: localhost\/web:v1 → localhost\/web:v2/);
    await done("deploy", "day");
    assert.equal(await image("day-web"), "localhost/web:v2");

    await rm(join(services, "day.toml"));
    const refused = await mcp("purge", "day", "--yes");
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stdout, /day-web +refused +its container day-web runs; .*mcp stop day/);
    await write("day", definition("day", "v2", "web").replace("# here\n", "# here\nactive = false\n"));
    assert.match(await done("sync", "day"), /now inactive; web: stopped/);
    assert.deepEqual(await operator.containers("day"), ["day-web exited"]);
    assert.match(
      (await mcp("purge", "day", "--yes")).stderr,
      /nothing to purge/,
      "what is defined is left alone",
    );
    await rm(join(services, "day.toml"));
    assert.match(await done("purge", "day", "--dry-run"), /day-web +would purge/);
    await done("purge", "day", "--yes");
    assert.deepEqual(await operator.containers("day"), []);
    assert.match((await mcp("history", "day")).stderr, /SERVICE_UNKNOWN/);
  });

  test("a killed container shows in events and in status", async () => {
    await write(
      "dies",
      definition("dies", "v1", "web").replace(
        "[[components.routes]]",
        'restart = "no"\n\n[[components.routes]]',
      ),
    );
    await done("deploy", "dies");
    const events = startTool(["events", "--follow", "--service", "dies", "-o", "json"], { env });
    await events.seen(/running/);
    await node.podman.cli("kill", "dies-web");
    await events.seen(/"new_state":"exited"/);
    events.child.kill("SIGTERM");
    assert.equal((await events.result).signal, "SIGTERM");
    assert.match(
      await done("status", "dies"),
      /drift:\n {2}testnode {2}dies\/web {2}should be running, is exited\n/,
    );
  });

  test("logs come from the containers, as they are printed", async () => {
    const text = `name = "talks"\nnode = "testnode"\n[[components]]\nname = "logger"\nimage = "localhost/logger:v1"\n[components.health]\nsettle = "500ms"\n`;
    await write("talks", text);
    await done("deploy", "talks");
    assert.match(await done("logs", "talks", "--tail", "2"), /^logger \| line \d+\nlogger \| line \d+\n$/);
    const following = startTool(["logs", "talks/logger", "--follow", "--tail", "1"], { env });
    await following.seen(/line \d+\nline \d+\n/);
    following.child.kill("SIGINT");
    assert.equal((await following.result).signal, "SIGINT");
  });

  test("adopt and export make a definition of containers created by hand, which changes nothing", async () => {
    const created = [
      "-d",
      "--name",
      "site-web",
      "-e",
      "MODE=live now",
      "-v",
      "site-data:/data:ro",
      "--user",
      "1000",
    ];
    await node.podman.cli("run", ...created, "localhost/web:silent");
    const id = await operator.inspect("site-web", "{{.Id}} {{.State.StartedAt}}");
    assert.match(await done("adopt", "site", "--dry-run"), /site-web +web +running +would be adopted/);
    assert.match(await done("adopt", "site"), /site-web +web +running +adopted/);
    await done("service", "export", "site");
    const text = await readFile(join(services, "site.toml"), "utf8");
    assert.match(text, /env = \["MODE=live now"\]/);
    await done("plan", "site", "--exit-code");
    await done("deploy", "site");
    assert.equal(await operator.inspect("site-web", "{{.Id}} {{.State.StartedAt}}"), id);
    assert.match(await done("adopt", "site"), /managed already/);
    assert.match(await done("logs", "site"), /^$/);
    await done("undeploy", "site", "--yes");
  });

  test("node status tells what the node has", async () => {
    const { nodes } = parsed<{
      nodes: { runtime: string; architecture: string; memory_total_bytes: number }[];
    }>(await done("node", "status", "-o", "json"));
    assert.equal(nodes[0]?.runtime, "podman");
    assert.match(nodes[0].architecture, /^(amd64|arm64)$/);
    assert.ok(nodes[0].memory_total_bytes > 2 ** 20);
  });

  test("doctor finds what is wrong, and the remedy mends it", async () => {
    const { keyFile } = node.certificates;
    await done("doctor");
    await chmod(keyFile, 0o640);
    const { code, stdout } = await mcp("doctor");
    assert.equal(code, 1);
    assert.ok(stdout.includes(`permissions: ${keyFile}: others may read or change it (mode 0640)`), stdout);
    assert.ok(stdout.includes(`next: chmod 600 ${keyFile}\n`), stdout);
    await chmod(keyFile, 0o600);
    await done("doctor");
  });

  test("a token that was tampered with is refused", async () => {
    const token = await node.identity.systemToken("short");
    assert.equal((await runTool(["list"], { env: { ...env, MCP_TOKEN: token } })).code, 0);
    const garbage = await runTool(["list"], { env: { ...env, MCP_TOKEN: `${token}x` } });
    assert.equal(garbage.code, 3, garbage.stderr);
  });
});
