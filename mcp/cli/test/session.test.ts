import assert from "node:assert/strict";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import tls from "node:tls";
import { after, before, describe, test } from "node:test";

import type { WhoAmI } from "@metacircular/mcias/client.ts";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { createTestIdentity, type TestIdentity } from "@metacircular/testkit/identity.ts";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";

import { startOnTerminal } from "./terminal.ts";
import { parsed, runTool, startTool, type ToolResult } from "./tool.ts";

interface StoredLogin {
  access_token: string;
  refresh_token: string;
}

const password = "correct horse battery";
let identity: TestIdentity;
let place: TemporaryDirectory;

before(async () => {
  place = await createTemporaryDirectory();
  const certificates = await createTestCertificates(join(place.path, "certificates"));
  // For fetch, which plays the browser.
  tls.setDefaultCACertificates([await readFile(certificates.caFile, "utf8")]);
  identity = await createTestIdentity(join(place.path, "mcias"), certificates);
  await identity.admin(
    ["account", "add", "kyle", "--role", "user", "--password-stdin"],
    `${password}
`,
  );
});

after(async () => {
  await identity[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

let count = 0;

/** A configuration of its own for each test. */
async function configure(auth = ""): Promise<{ env: Record<string, string>; tokenFile: string }> {
  count += 1;
  const file = join(place.path, `${count}.toml`);
  const tokenFile = join(place.path, `${count}`, "token");
  const mcias = `[mcias]\nserver_url = "${identity.issuer}"\nca_cert = "${identity.caFile}"\n`;
  await writeFile(file, `${mcias}[auth]\ntoken_path = "${tokenFile}"\n${auth}`);
  return { env: { MCP_CONFIG: file }, tokenFile };
}

const logIn = (env: Record<string, string>, typed = password): Promise<ToolResult> =>
  runTool(["login", "--username", "kyle", "--password-stdin"], { env, input: `${typed}\n` });

/** What a browser does with the approval page: follow the link, fill in the form, send it. */
async function approve(link: string): Promise<void> {
  const page = await fetch(link);
  const html = await page.text();
  const hidden = [...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)];
  const fields = Object.fromEntries(hidden.map(([, name = "", value = ""]) => [name, value]));
  const action = /<form method="post" action="([^"]+)">/.exec(html)?.[1] ?? "";
  const response = await fetch(new URL(action, link), {
    method: "POST",
    headers: {
      cookie: page.headers.getSetCookie()[0]?.split(";", 1)[0] ?? "",
      "sec-fetch-site": "same-origin",
    },
    body: new URLSearchParams({ ...fields, username: "kyle", password, decision: "approve" }),
  });
  assert.equal(response.status, 200);
}

describe("mcp login", () => {
  test("stores a token for its owner only, and logout revokes it", async () => {
    const { env, tokenFile } = await configure();
    const anonymous = await runTool(["whoami"], { env });
    assert.equal(anonymous.code, 3);
    assert.match(anonymous.stderr, /run `mcp login`/);

    const login = await logIn(env);
    assert.equal(login.code, 0, login.stderr);
    assert.match(login.stderr, /^logged in as kyle until /);
    assert.equal((await stat(tokenFile)).mode & 0o777, 0o600);
    const whoami = await runTool(["whoami", "-o", "json"], { env });
    const { name, kind, roles } = parsed<WhoAmI>(whoami.stdout);
    assert.deepEqual({ name, kind, roles }, { name: "kyle", kind: "human", roles: ["user"] });

    const stored = parsed<StoredLogin>(await readFile(tokenFile, "utf8"));
    assert.equal((await runTool(["logout"], { env })).code, 0);
    await assert.rejects(stat(tokenFile), { code: "ENOENT" });
    const revoked = await runTool(["whoami"], { env: { ...env, MCP_TOKEN: stored.access_token } });
    assert.equal(revoked.code, 3, revoked.stderr);
  });

  test("refuses a wrong password with exit code 3, and never shows it", async () => {
    const { env, tokenFile } = await configure();
    const { code, stdout, stderr } = await logIn(env, "hunter2-hunter2");
    assert.equal(code, 3, stderr);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
    await assert.rejects(stat(tokenFile), { code: "ENOENT" });
  });

  test("needs a terminal or --password-stdin", async () => {
    const { env } = await configure();
    const { code, stderr } = await runTool(["login", "--username", "kyle"], { env });
    assert.equal(code, 2);
    assert.match(stderr, /--password-stdin/);
  });

  test("asks on a terminal and does not echo the password", async () => {
    const { env } = await configure();
    const terminal = startOnTerminal(["login"], env);
    await terminal.seen("Username: ");
    terminal.type("kyle\n");
    await terminal.seen("Password:");
    terminal.type(`${password}\n`);
    assert.equal(await terminal.result, 0, terminal.shown());
    assert.ok(terminal.shown().includes("logged in as kyle"));
    assert.ok(!terminal.shown().includes(password.slice(0, 5)), terminal.shown());
  });

  test("--device waits for the approval in a browser", async () => {
    const { env } = await configure();
    const tool = startTool(["login", "--device"], { env });
    await tool.seen(/or open \S+\n/);
    const link = /or open (\S+)/.exec(tool.written())?.[1] ?? "";
    await approve(link);
    const { code, stderr } = await tool.result;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /logged in as kyle/);
  });

  test("says which service cannot be reached, with exit code 4", async () => {
    const { env } = await configure();
    const nowhere = { ...env, MCP_MCIAS_SERVER_URL: "https://127.0.0.1:1" };
    const { code, stderr } = await runTool(["login", "--username", "kyle", "--password-stdin"], {
      env: nowhere,
      input: "x\n",
    });
    assert.equal(code, 4, stderr);
    assert.match(stderr, /IDENTITY_UNAVAILABLE/);
  });
});

describe("a stored login", () => {
  test("is renewed before it ends, also when two commands run at once", async () => {
    const { env, tokenFile } = await configure();
    assert.equal((await logIn(env)).code, 0);
    const before = parsed<StoredLogin>(await readFile(tokenFile, "utf8"));
    await writeFile(tokenFile, JSON.stringify({ ...before, expires_at: new Date(0).toISOString() }));
    const results = await Promise.all([1, 2].map(() => runTool(["whoami"], { env })));
    assert.deepEqual(
      results.map(({ code }) => code),
      [0, 0],
      results.map(({ stderr }) => stderr).join(),
    );
    const renewed = parsed<StoredLogin>(await readFile(tokenFile, "utf8"));
    assert.notEqual(renewed.access_token, before.access_token);
    assert.notEqual(renewed.refresh_token, before.refresh_token);
    assert.equal((await stat(tokenFile)).mode & 0o777, 0o600);
  });

  test("that others may read is refused", async () => {
    const { env, tokenFile } = await configure();
    assert.equal((await logIn(env)).code, 0);
    await chmod(tokenFile, 0o644);
    const { code, stderr } = await runTool(["whoami"], { env });
    assert.equal(code, 1);
    assert.match(stderr, /others may read or change it \(mode 0644\)\n {2}next: run `chmod 600 /);
  });

  test("may be a bare bearer token", async () => {
    const { env, tokenFile } = await configure();
    assert.equal((await logIn(env)).code, 0);
    const { access_token } = parsed<StoredLogin>(await readFile(tokenFile, "utf8"));
    await writeFile(tokenFile, `${access_token}\n`);
    assert.equal((await runTool(["whoami"], { env })).code, 0);
  });
});

test("a system account of the configuration needs no login", async () => {
  const secret = (await identity.admin(["account", "add", "robot", "--system"])).trim();
  const passwordFile = join(place.path, "robot-secret");
  await writeFile(passwordFile, `${secret}\n`, { mode: 0o600 });
  const { env, tokenFile } = await configure(`username = "robot"\npassword_file = "${passwordFile}"\n`);
  const { code, stdout, stderr } = await runTool(["whoami"], { env });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^robot \(system account/);
  assert.equal((await stat(tokenFile)).mode & 0o777, 0o600);
  await chmod(passwordFile, 0o640);
  await writeFile(tokenFile, "", { mode: 0o600 });
  assert.match((await runTool(["whoami"], { env })).stderr, /TOKEN_FILE_EXPOSED/);
});

test("MCP_TOKEN goes before the stored login", async () => {
  const { env } = await configure();
  const token = await identity.systemToken("script");
  const { stdout } = await runTool(["whoami"], { env: { ...env, MCP_TOKEN: token } });
  assert.match(stdout, /^script \(system account/);
});
