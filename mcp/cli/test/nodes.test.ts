import assert from "node:assert/strict";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

import { parsed, runTool, type ToolResult } from "./tool.ts";

test("node add and remove edit the file and keep what the operator wrote", async () => {
  await using place = await createTemporaryDirectory();
  const file = join(place.path, "mcp.toml");
  const written = '# my machines\n[tls]\nca_cert = "ca.pem" # ours\n';
  await writeFile(file, written);
  await chmod(file, 0o640);
  const mcp = (...argv: string[]): Promise<ToolResult> => runTool(["-c", file, ...argv]);
  assert.equal((await mcp("node", "add", "rift", "10.0.0.5:9444")).code, 0);
  assert.equal(
    (await mcp("node", "add", "svc", "[fd00::5]:9444", "--server-name", "svc.example.net", "--arch", "arm64"))
      .code,
    0,
  );
  const both = `${written}\n[[nodes]]\nname = "rift"\naddress = "10.0.0.5:9444"\n\n[[nodes]]\nname = "svc"\naddress = "[fd00::5]:9444"\nserver_name = "svc.example.net"\narch = "arm64"\n`;
  assert.equal(await readFile(file, "utf8"), both);
  assert.equal((await stat(file)).mode & 0o777, 0o640);
  const listed = parsed<{ nodes: unknown[] }>((await mcp("node", "list", "-o", "json")).stdout);
  assert.deepEqual(listed.nodes[0], { name: "rift", address: "10.0.0.5:9444" });
  assert.equal((await mcp("node", "remove", "rift")).code, 0);
  assert.equal((await mcp("node", "remove", "svc")).code, 0);
  assert.equal(await readFile(file, "utf8"), written);
});

test("node add makes the first configuration file", async () => {
  await using place = await createTemporaryDirectory();
  const env = { XDG_CONFIG_HOME: place.path };
  assert.equal((await runTool(["node", "add", "rift", "10.0.0.5:9444"], { env })).code, 0);
  const file = join(place.path, "mcp", "mcp.toml");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.match(
    (await runTool(["node", "list"], { env })).stdout,
    /^NAME  ADDRESS\nrift  10\.0\.0\.5:9444\n$/,
  );
});

for (const [what, argv, code, message] of [
  ["a name with a dot", ["add", "rift.local", "10.0.0.5:9444"], 2, /it must be a name/],
  ["an address without a port", ["add", "svc", "10.0.0.5"], 2, /it must be host:port/],
  ["a node that is there", ["add", "rift", "10.0.0.6:9444"], 1, /NODE_EXISTS/],
  ["removing a node that is not there", ["remove", "rif"], 2, /did you mean rift\?/],
  ["a missing address", ["add", "svc"], 2, /missing required argument 'address'/],
] as const) {
  test(`node refuses ${what} and leaves the file alone`, async () => {
    await using place = await createTemporaryDirectory();
    const file = join(place.path, "mcp.toml");
    const written = '[[nodes]]\nname = "rift"\naddress = "10.0.0.5:9444"\n';
    await writeFile(file, written);
    const result = await runTool(["node", ...argv, "--config", file]);
    assert.equal(result.code, code);
    assert.match(result.stderr, message);
    assert.equal(await readFile(file, "utf8"), written);
  });
}

test("a bad configuration is refused with file, line and column, and the environment goes before the file", async () => {
  await using place = await createTemporaryDirectory();
  const file = join(place.path, "mcp.toml");
  await writeFile(file, '[mcias]\nserver_ulr = "https://a"\n\n[[nodes]]\nname = "a"\naddress = "nowhere"\n');
  const { code, stderr } = await runTool(["node", "list"], { env: { MCP_CONFIG: file } });
  assert.equal(code, 2);
  assert.ok(stderr.includes(`${file}:2:1: unknown key "server_ulr"; did you mean "server_url"?`), stderr);
  assert.ok(stderr.includes(`${file}:6:11: "address" must be host:port`), stderr);
  const missing = await runTool(["node", "list", "--config", join(place.path, "none.toml")], {
    env: { MCP_CONFIG: file },
  });
  assert.match(missing.stderr, /none\.toml: there is no such file/);
});
