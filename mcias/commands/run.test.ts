import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { CommandContext } from "./context.ts";
import { run } from "./run.ts";

/** Runs commands in this process against a database of their own. */
async function aCommandLine(t: TestContext) {
  const directory = await createTemporaryDirectory();
  t.after(() => directory[Symbol.asyncDispose]());
  const configFile = join(directory.path, "mcias.toml");
  await writeFile(
    configFile,
    `[server]
listen_addr = "127.0.0.1:8443"
issuer = "https://localhost:8443"
tls_cert = "cert.pem"
tls_key = "key.pem"
[database]
path = ${JSON.stringify(join(directory.path, "mcias.db"))}
`,
  );
  const clock = { now: () => Date.UTC(2026, 10, 21), sleep: async () => undefined };
  return async (args: readonly string[], input = "", environment: Record<string, string> = {}) => {
    const out: string[] = [];
    const err: string[] = [];
    const context: CommandContext = {
      clock,
      environment: { ...environment },
      terminal: {
        out: (line) => void out.push(line),
        say: (line) => void err.push(line),
        readLine: async () => input,
        askSecret: async () => input,
        confirm: async () => false,
      },
    };
    const named = args.some((each) => ["version", "--help", "--config"].includes(each));
    const config = named ? [] : ["--config", configFile];
    const code = await run([...args, ...config], context);
    return { code, out: out.join("\n"), err: err.join("\n") };
  };
}

describe("the mcias command line", () => {
  const explained = [
    "server",
    "account add",
    "account list",
    "account disable",
    "account enable",
    "account password",
    "role grant",
    "role revoke",
    "token issue",
    "token revoke",
    "audit",
    "key rotate",
    "key list",
    "snapshot",
    "version",
  ];
  for (const command of explained) {
    test(`explains ${command} with an example`, async (t) => {
      const mcias = await aCommandLine(t);
      const help = await mcias([...command.split(" "), "--help"]);
      assert.equal(help.code, 0);
      assert.match(help.out, new RegExp(`\\$ mcias ${command}`));
      assert.equal(help.err, "");
    });
  }

  const wrong: [string, number, RegExp][] = [
    ["bogus", 2, /unknown command 'bogus'/],
    ["account add", 2, /missing required argument 'name'[^]*\(see mcias account add --help\)/],
    ["account add Not-A-Name", 2, /\[INVALID_ACCOUNT_NAME\]/],
    ["account add mcp --system", 2, /\[RESERVED_ACCOUNT_NAME\]/],
    ["account add taken --system", 1, /\[ACCOUNT_EXISTS\]/],
    ["account add bob --role king", 2, /\[UNKNOWN_ROLE\]/],
    ["account add bob --system --role admin", 2, /\[OPTIONS_CONFLICT\]/],
    ["account disable nobody", 1, /\[NO_SUCH_ACCOUNT\]/],
    ["account list -o xml", 2, /Allowed choices are table, json/],
    ["account list --bogus", 2, /unknown option '--bogus'/],
    ["role grant taken admin", 1, /\[NOT_A_HUMAN_ACCOUNT\]/],
    ["token issue", 2, /required option '--system <name>'/],
    ["token revoke", 1, /\[NO_SUCH_TOKEN\]/],
    ["audit --since yesterday", 2, /Give a duration/],
    ["audit --limit 0", 2, /Give a number from 1/],
  ];
  for (const [command, code, message] of wrong) {
    test(`answers "${command}" with exit code ${code}`, async (t) => {
      const mcias = await aCommandLine(t);
      await mcias(["account", "add", "taken", "--system"]);
      const result = await mcias(command.split(" "), "correct horse battery");
      assert.match(result.err, message);
      assert.equal(result.code, code);
      assert.equal(result.out, "");
    });
  }

  test("refuses a short password", async (t) => {
    const mcias = await aCommandLine(t);
    const result = await mcias(["account", "add", "bob", "--password-stdin"], "short");
    assert.equal(result.code, 2);
    assert.match(result.err, /fewer than 8 characters.*\[UNACCEPTABLE_PASSWORD\]/);
  });

  test("points at what is wrong in the configuration", async (t) => {
    const mcias = await aCommandLine(t);
    const result = await mcias(["account", "list"], "", { MCIAS_SERVER_ISSUER: "http://localhost" });
    assert.equal(result.code, 2);
    assert.match(result.err, /MCIAS_SERVER_ISSUER.*must be an origin such as "https:/);
    const absent = await mcias(["account", "list", "--config", "/nonexistent/mcias.toml"], "");
    assert.equal(absent.code, 2);
    assert.match(absent.err, /there is no such file/);
  });
});
