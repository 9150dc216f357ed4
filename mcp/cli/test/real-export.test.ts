import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";

import { runTool, type ToolResult } from "./tool.ts";

let node: TestNode;
let directory: string;
let file: string;
let env: Record<string, string>;

before(async () => {
  node = await createTestNode();
  directory = join(node.directory, "operator");
  file = join(directory, "services", "kept.toml");
  await mkdir(join(directory, "services"), { recursive: true });
  const configFile = join(directory, "mcp.toml");
  const { agent, certificates, identity } = node;
  await writeFile(
    configFile,
    `[mcias]
server_url = "${identity.issuer}"
ca_cert = "${identity.caFile}"

[tls]
ca_cert = "${certificates.caFile}"

[[nodes]]
name = "${agent.node}"
address = "${agent.address}"
`,
  );
  env = { MCP_CONFIG: configFile };
  await identity.admin(["account", "add", "kyle", "--password-stdin"], "correct horse battery\n");
  const login = await mcp(["login", "-u", "kyle", "--password-stdin"], "correct horse battery\n");
  assert.equal(login.code, 0, login.stderr);
});

after(() => node[Symbol.asyncDispose]());

const mcp = (argv: string[], input = ""): Promise<ToolResult> => runTool(argv, { env, input });

async function done(...argv: string[]): Promise<ToolResult> {
  const result = await mcp(argv);
  assert.equal(result.code, 0, `mcp ${argv.join(" ")}: ${result.stderr}`);
  return result;
}

test("what a node runs is exported into the operator's file, and deploying that changes nothing", async () => {
  const text = (version: string): string => `# kept by hand
name = "kept"
node = "${node.agent.node}" # here

[[components]]
name = "web" # the front
image = "localhost/web:${version}" # pinned
env = [
  "A=1", # first
  "VERSION=${version}", # it says so
]

# in front
[[components.routes]]
name = "public"
port = 8000
mode = "l7"
`;
  await writeFile(file, text("v1"));
  await done("deploy", "kept");
  assert.match((await done("service", "export", "kept")).stderr, /nothing to change/);

  const elsewhere = join(directory, "elsewhere.toml");
  await writeFile(elsewhere, text("v2"));
  await done("deploy", "-f", elsewhere);
  assert.equal((await mcp(["plan", "kept", "--exit-code"])).code, 10);
  await done("service", "export", "kept", "--yes");
  assert.equal(await readFile(file, "utf8"), text("v2"));
  assert.equal((await mcp(["plan", "kept", "--exit-code"])).code, 0);

  await rm(file);
  await done("service", "export", "kept");
  assert.equal(await readFile(file, "utf8"), (await done("service", "show", "kept")).stdout);
  assert.equal((await mcp(["plan", "kept", "--exit-code"])).code, 0);
});
