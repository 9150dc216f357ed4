import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkout } from "@metacircular/testkit/program.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

interface Ended {
  readonly code: number;
  readonly output: string;
}

function run(program: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: "/" }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
    });
  });
}

test("what the install script stages runs, says what is missing, and is removed without the data", async () => {
  await using directory = await createTemporaryDirectory();
  const root = directory.path;
  const install = (...args: string[]) =>
    run(join(checkout, "deploy/scripts/install-agent.sh"), "--root", root, ...args);
  const first = await install();
  assert.equal(first.code, 0, first.output);
  const programs = join(root, "usr/local/lib/metacircular/current/bin");
  for (const [program, word] of [
    ["mcp", "deploy"],
    ["mcp-agent", "restore"],
    ["mcias", "account"],
    ["mc-proxy", "snapshot"],
    ["mcproxyctl", "maintenance"],
  ] as const) {
    const help = await run(join(programs, program), "--help");
    assert.match(help.output, new RegExp(word, "u"), program);
  }
  // All that the agent is made of is loaded before it reads its configuration.
  const config = join(root, "srv/mcp/mcp-agent.toml");
  writeFileSync(config, readFileSync(config, "utf8").replace("grpc_addr", "grpc_address"));
  const server = await run(join(programs, "mcp-agent"), "server", "--config", config);
  assert.match(server.output, /unknown key "grpc_address"/u);

  const edited = readFileSync(config, "utf8");
  assert.doesNotMatch((await install()).output, /wrote|installed/u);
  assert.equal(readFileSync(config, "utf8"), edited);
  const check = await install("--check");
  assert.equal(check.code, 1);
  assert.deepEqual(
    [...check.output.matchAll(/missing: \S*\/srv\/mcp\/([^:]+)/gu)].map(([, file]) => file),
    ["certs/cert.pem", "certs/key.pem", "mcias-token"],
  );
  assert.equal((await install("--uninstall")).code, 0);
  assert.ok(existsSync(config));
  assert.ok(!existsSync(programs));
});
