import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { checkout, startProgram, type Program } from "@metacircular/testkit/program.ts";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import { createIdentityClient, type IdentityClient } from "../client.ts";

const MAIN = join(checkout, "mcias/main.ts");
/** Compiled once for all processes of the tests. */
const PLAIN = { PATH: process.env["PATH"], NODE_COMPILE_CACHE: join(checkout, ".cache/compiled") };
const PASSWORD = "correct horse battery";

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The real program, in a process of its own. */
function mcias(args: readonly string[], input = "", environment: NodeJS.ProcessEnv = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...PLAIN, ...environment } });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

describe("the command line, beside a running server,", () => {
  let directory: TemporaryDirectory;
  let environment: NodeJS.ProcessEnv;
  let server: Program;
  let client: IdentityClient;
  const run = (args: readonly string[], input?: string) => mcias(args, input, environment);
  const login = (username: string) => client.login({ username, password: PASSWORD, serviceName: "test" });
  const start = async (): Promise<Program> => {
    const program = startProgram("mcias/main.ts", ["server"], { PATH: process.env["PATH"], ...environment });
    await program.line((line) => line.includes('"serving"'));
    return program;
  };

  before(async () => {
    directory = await createTemporaryDirectory();
    const certificates = await createTestCertificates(join(directory.path, "certs"));
    const port = await freePort();
    const configFile = join(directory.path, "mcias.toml");
    await writeFile(
      configFile,
      `[server]
listen_addr = "127.0.0.1:${port}"
issuer = "https://localhost:${port}"
tls_cert = ${JSON.stringify(certificates.certFile)}
tls_key = ${JSON.stringify(certificates.keyFile)}
[database]
path = ${JSON.stringify(join(directory.path, "mcias.db"))}
[login]
free_attempts = 1
first_delay = "5m"
`,
    );
    environment = { MCIAS_CONFIG: configFile };
    server = await start();
    client = createIdentityClient({ issuer: `https://localhost:${port}`, caFile: certificates.caFile });
  });
  after(async () => {
    client[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test("adds a human, who can log in at once", async () => {
    const added = await run(
      ["account", "add", "alice", "--role", "admin", "--role", "user", "--password-stdin"],
      PASSWORD,
    );
    assert.deepEqual(added, { code: 0, out: "", err: "Added alice.\n" });
    const { accessToken } = await login("alice");
    assert.deepEqual((await client.whoAmI(accessToken)).roles, ["admin", "user"]);
  });

  test("adds a system account and prints its secret alone on the standard output", async () => {
    const added = await run(["account", "add", "svc", "--system"]);
    assert.match(added.out, /^[\w-]{43}\n$/);
    assert.ok(!added.err.includes(added.out.trim()));
    const { accessToken } = await client.clientCredentials({
      clientId: "svc",
      clientSecret: added.out.trim(),
    });
    assert.equal((await client.whoAmI(accessToken)).kind, "system");

    const renewed = await run(["account", "password", "svc"]);
    const clientSecret = renewed.out.trim();
    assert.equal((await client.clientCredentials({ clientId: "svc", clientSecret })).refreshToken, undefined);
    const old = { clientId: "svc", clientSecret: added.out.trim() };
    await assert.rejects(client.clientCredentials(old), { code: "LOGIN_REFUSED" });
  });

  test("lists accounts as a table and as JSON, without secrets", async () => {
    const table = await run(["account", "list"]);
    assert.match(table.out, /^NAME +KIND +ROLES +STATE +CREATED\nalice +human +admin,user +active +\d{4}-/);
    const json = await run(["account", "list", "-o", "json"]);
    const accounts = JSON.parse(json.out) as Record<string, unknown>[];
    assert.deepEqual(Object.keys(accounts[0] ?? {}), ["name", "kind", "roles", "disabled", "createdAt"]);
  });

  test("issues a token for a year, and revokes it", async () => {
    const issued = await run(["token", "issue", "--system", "svc"]);
    const token = issued.out.trim();
    const { expiresAtMs } = await client.whoAmI(token);
    const days = (expiresAtMs - Date.now()) / 86_400_000;
    assert.ok(days > 364.9 && days <= 365);
    const revoked = await run(["token", "revoke"], `${token}\n`);
    assert.deepEqual(revoked, { code: 0, out: "", err: "Revoked a token of svc.\n" });
    await assert.rejects(client.whoAmI(token), { code: "TOKEN_INACTIVE" });
    assert.equal((await run(["token", "revoke"], "garbage\n")).code, 1);
    assert.equal((await run(["token", "issue", "--system", "alice"])).code, 1);
  });

  test("disables and enables, with effect on living tokens", async () => {
    const { accessToken } = await login("alice");
    const disabled = await run(["account", "disable", "alice"]);
    assert.match(disabled.err, /^Disabled alice; living tokens ended: [1-9]/);
    await assert.rejects(client.whoAmI(accessToken), { code: "TOKEN_INACTIVE" });
    await assert.rejects(login("alice"), { code: "LOGIN_REFUSED" });
    await assert.rejects(login("alice"), { code: "LOGIN_REFUSED" });
    await assert.rejects(login("alice"), (error: { code: string; facts: Record<string, string> }) => {
      assert.equal(error.code, "ACCOUNT_LOCKED");
      assert.ok(Number(error.facts["retryAfterSeconds"]) > 290);
      return true;
    });
    await run(["account", "enable", "alice"]);
    assert.ok((await login("alice")).refreshToken, "the lock is lifted too");
  });

  test("grants and revokes roles", async () => {
    const { accessToken } = await login("alice");
    assert.match((await run(["role", "revoke", "alice", "admin"])).err, /no longer has the role admin/);
    assert.deepEqual((await client.whoAmI(accessToken)).roles, ["user"]);
    assert.match((await run(["role", "grant", "alice", "guest"])).err, /now has the role guest/);
    assert.deepEqual((await client.whoAmI(accessToken)).roles, ["guest", "user"]);
    assert.match((await run(["role", "grant", "svc", "admin"])).err, /\[NOT_A_HUMAN_ACCOUNT\]/);
  });

  test("rotates the key of the running server", async () => {
    const before = await login("alice");
    const rotated = await run(["key", "rotate"]);
    const kid = /key ([\w-]+)\./.exec(rotated.err)?.[1];
    const keys = JSON.parse((await run(["key", "list", "-o", "json"])).out) as {
      kid: string;
      state: string;
    }[];
    assert.equal(keys.find((key) => key.state === "current")?.kid, kid);
    assert.ok(!JSON.stringify(keys).includes('"d"'));
    const renewed = await login("alice");
    const header = JSON.parse(atob(renewed.accessToken.split(".")[0] ?? "")) as { kid: string };
    assert.equal(header.kid, kid);
    assert.equal((await client.whoAmI(before.accessToken)).name, "alice");
  });

  test("snapshots the database for the owner alone", async () => {
    const snapshot = await run(["snapshot"]);
    const file = snapshot.out.trim();
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(join(directory.path, "mcias.db"))).mode & 0o777, 0o600);
    using copy = new DatabaseSync(file, { readOnly: true });
    assert.equal(copy.prepare("SELECT count(*) AS n FROM accounts").get()?.["n"], 2);
  });

  test("shows what was decided, and follows it", async () => {
    const shown = await run(["audit", "--since", "1h", "-o", "json"]);
    const entries = shown.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const seen = new Set(entries.map((entry) => `${String(entry["event"])} ${String(entry["outcome"])}`));
    for (const expected of [
      "account-added ok",
      "login ok",
      "login denied",
      "client-login denied",
      "token-issued ok",
      "token-revoked ok",
      "account-disabled ok",
      "account-enabled ok",
      "role-granted ok",
      "role-revoked ok",
      "secret-changed ok",
      "key-rotated ok",
    ]) {
      assert.ok(seen.has(expected), `${expected} in ${[...seen].join(", ")}`);
    }
    assert.equal((await run(["audit", "--limit", "2"])).out.trim().split("\n").length, 3);

    const follower = spawn(process.execPath, [MAIN, "audit", "-f", "--limit", "1", "-o", "json"], {
      env: { ...PLAIN, ...environment },
    });
    let out = "";
    follower.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    await eventually(() => assert.ok(out.includes("\n")));
    await login("alice");
    await eventually(() => assert.match(out, /"event":"login".*\n.*"event":"token-issued"/));
    follower.kill();
  });

  test("changes a password, which ends the logins", async () => {
    const { refreshToken } = await login("alice");
    const changed = await run(["account", "password", "alice", "--password-stdin"], `${PASSWORD}\nignored`);
    assert.equal(changed.code, 0);
    await assert.rejects(client.refresh(refreshToken ?? ""), { code: "LOGIN_ENDED" });
    assert.ok((await login("alice")).accessToken);
  });

  test("says what is wrong, with exit code 2 for usage and 1 for failure", async () => {
    const cases: [string[], number, RegExp][] = [
      [["bogus"], 2, /unknown command 'bogus'/],
      [["account", "add", "bob"], 2, /\[NOT_A_TERMINAL\]/],
      [["account", "disable", "nobody"], 1, /\[NO_SUCH_ACCOUNT\]/],
    ];
    for (const [args, code, message] of cases) {
      const result = await run(args);
      assert.equal(result.code, code, args.join(" "));
      assert.match(result.err, message);
      assert.equal(result.out, "");
    }
  });

  test("a server killed with SIGKILL comes back with everything", async () => {
    const tokens = await login("alice");
    await server.kill();
    await assert.rejects(client.whoAmI(tokens.accessToken), { code: "IDENTITY_UNAVAILABLE" });
    server = await start();
    assert.equal((await client.whoAmI(tokens.accessToken)).name, "alice");
    assert.ok((await client.refresh(tokens.refreshToken ?? "")).accessToken);
  });

  test("a server stops on SIGTERM with exit code 0", async () => {
    await server[Symbol.asyncDispose]();
    assert.equal(server.child.exitCode, 0);
  });
});

test("a password is asked for twice and never echoed", async () => {
  await using directory = await createTemporaryDirectory();
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
  const command = `${process.execPath} ${MAIN} account add carol --config ${configFile}`;
  const terminal = spawn("script", ["-qefc", command, "/dev/null"], { env: PLAIN });
  let shown = "";
  terminal.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  await eventually(() => assert.match(shown, /Password for carol: $/));
  terminal.stdin.write(`${PASSWORD}\r`);
  await eventually(() => assert.match(shown, /Password for carol again: $/));
  terminal.stdin.write(`${PASSWORD}\r`);
  await eventually(() => assert.match(shown, /Added carol\./));
  assert.ok(!shown.includes(PASSWORD.slice(0, 5)));
});
