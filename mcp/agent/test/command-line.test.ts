import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { openRegistry } from "../registry/registry.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function agent(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(join(checkout, "bin/mcp-agent"), args, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

const configText = (directory: string) => `[server]
grpc_addr = "127.0.0.1:0"
tls_cert = "cert.pem"
tls_key = "key.pem"
[database]
path = ${JSON.stringify(join(directory, "mcp.db"))}
[mcias]
server_url = "https://localhost:1"
token_path = "token"
[agent]
node_name = "rift"
`;

test("a snapshot of a registry in use is a registry of its own that only its owner can read", async () => {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "mcp-agent.toml");
  await writeFile(config, configText(directory.path));
  using registry = openRegistry(join(directory.path, "mcp.db"), systemClock);
  registry.services.record("shop", true);
  const { code, stdout, stderr } = await agent("snapshot", "--config", config);
  assert.equal(code, 0, stderr);
  const file = stdout.trim();
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  using copy = openRegistry(file, systemClock);
  assert.deepEqual(copy.services.names(), ["shop"]);
});

test("a snapshot that cannot be written says so and ends with 1", async () => {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "mcp-agent.toml");
  await writeFile(config, configText(directory.path));
  const { code, stderr } = await agent("snapshot", "--config", config);
  assert.equal(code, 1);
  assert.match(stderr, /cannot write snapshot/u);
});

test("a mistake in the configuration is shown with its place and ends with 2", async () => {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "mcp-agent.toml");
  await writeFile(config, `${configText(directory.path)}[monitor]\nintervall = "60s"\n`);
  const { code, stderr } = await agent("server", "--config", config);
  assert.equal(code, 2);
  assert.match(stderr, /mcp-agent\.toml:13:1: unknown key "intervall"; did you mean "interval"\?/u);
});

for (const args of [[], ["nosuch"], ["server"], ["version", "--nosuch"]]) {
  test(`"mcp-agent ${args.join(" ")}" is a wrong call and ends with 2`, async () => {
    assert.equal((await agent(...args)).code, 2);
  });
}

test("the version is printed", async () => {
  assert.match((await agent("version")).stdout, /^mcp-agent \d+\.\d+\.\d+\n$/u);
});
