import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
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

/** One for all, since copying the program takes longest. */
const directory = await createTemporaryDirectory();
after(async () => {
  await directory[Symbol.asyncDispose]();
});
const root = directory.path;
const programs = join(root, "usr/local/lib/metacircular/current/bin");
const script = join(checkout, "deploy/scripts/install-agent.sh");
const install = (...args: readonly string[]): Promise<Ended> => run(script, "--root", root, ...args);

test("what the install script stages runs, and says what is missing", async () => {
  const first = await install();
  assert.equal(first.code, 0, first.output);
  for (const [program, word] of [
    ["mcp", "deploy"],
    ["mcp-agent", "restore"],
    ["mcias", "account"],
    ["mc-proxy", "snapshot"],
    ["mcproxyctl", "maintenance"],
    ["metacrypt", "unseal"],
    ["mcns", "zone"],
    ["mcr", "retention"],
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
});

/** What the operator has to bring, by service. */
const brought: Readonly<Record<string, readonly string[]>> = {
  mcias: ["certs/cert.pem", "certs/key.pem"],
  metacrypt: ["certs/cert.pem", "certs/key.pem", "mcias-token"],
  mcns: ["certs/cert.pem", "certs/key.pem", "mcias-token"],
  "mc-proxy": [],
  mcr: ["certs/cert.pem", "certs/key.pem", "mcias-token"],
};

test("each service is installed beside the agent, and the last one to go takes the program along, not the data", async () => {
  assert.equal((await install()).code, 0);
  for (const [service, files] of Object.entries(brought)) {
    const installed = await install("--service", service);
    assert.equal(installed.code, 0, installed.output);
    const check = await install("--service", service, "--check");
    const missing = [...check.output.matchAll(/missing: (\S+?):? /gu)].map(([, file]) => file);
    assert.deepEqual(
      missing,
      files.map((file) => join(root, "srv", service, file)),
      check.output,
    );
    assert.equal(check.code, files.length === 0 ? 0 : 1);
    assert.ok(existsSync(join(root, "srv", service, `${service}.toml`)));
    assert.ok(existsSync(join(root, "etc/systemd/system", `${service}-backup.timer`)));
  }
  for (const service of ["mcp-agent", ...Object.keys(brought)]) {
    assert.ok(existsSync(programs));
    assert.equal((await install("--service", service, "--uninstall")).code, 0);
    assert.ok(!existsSync(join(root, "etc/systemd/system", `${service}.service`)));
  }
  assert.ok(!existsSync(programs));
  assert.deepEqual(readdirSync(join(root, "usr/local/bin")), []);
  assert.ok(existsSync(join(root, "srv/mcp/mcp-agent.toml")));
  assert.ok(existsSync(join(root, "srv/mcr/mcr.toml")));
});

test("a service that there is none of is refused", async () => {
  const refused = await install("--service", "mcpp", "--check");
  assert.equal(refused.code, 2);
  assert.match(refused.output, /there is no service mcpp/u);
});
