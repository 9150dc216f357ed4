import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { authFileText, openRegistryLogin, registryAuthHeader, trusting } from "./registry-login.ts";

const address = "mcr.example.net:8443";

describe("the login to the registry", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "registry-login-"));
    await writeFile(join(directory, "ca.pem"), "the authority");
    await writeFile(join(directory, "token"), "one\n");
  });
  after(() => rm(directory, { recursive: true }));

  function open(caFile = join(directory, "ca.pem")) {
    const own = join(directory, "own");
    return openRegistryLogin({ address, caFile, tokenFile: join(directory, "token"), directory: own });
  }

  test("is for one registry only, in the form with padding that podman wants", () => {
    for (const password of ["a", "ab", "abc", "\u00fe\u00ff\u00ff?>"]) {
      const header = registryAuthHeader(address, { username: "mcp-agent", password });
      assert.match(header, /^[A-Za-z0-9_-]+={0,2}$/u);
      assert.equal(header.length % 4, 0);
      const decoded: unknown = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
      assert.deepEqual(decoded, { [address]: { username: "mcp-agent", password } });
    }
  });

  test("keeps a private file up to date with the token", async () => {
    const login = await open();
    const text = async (): Promise<string> => readFile(login.authFile, "utf8");
    assert.deepEqual(await login.credentials(), { username: "mcp-agent", password: "one" });
    assert.equal(await text(), authFileText(address, { username: "mcp-agent", password: "one" }));
    const before = await stat(login.authFile);
    assert.equal(before.mode & 0o777, 0o600);
    await login.credentials();
    assert.equal((await stat(login.authFile)).ino, before.ino);
    await writeFile(join(directory, "token"), "two\n");
    assert.equal((await login.credentials()).password, "two");
    assert.equal(await text(), authFileText(address, { username: "mcp-agent", password: "two" }));
  });

  test("says what is wrong with its files", async () => {
    await assert.rejects(open(join(directory, "none.pem")), {
      code: "REGISTRY_CA_UNREADABLE",
      found: "ENOENT",
    });
    const login = await open();
    await writeFile(join(directory, "token"), " \n");
    await assert.rejects(login.credentials(), {
      code: "REGISTRY_LOGIN_UNREADABLE",
      found: `${join(directory, "token")}: it is empty`,
    });
  });

  test("adds the authority to those that podman trusts", async () => {
    const login = await open();
    const own = login.certificateDirectory ?? "";
    assert.equal(await readFile(join(own, "ca.crt"), "utf8"), "the authority");
    assert.deepEqual(trusting(login, {}), { SSL_CERT_DIR: `/etc/ssl/certs:/etc/pki/tls/certs:${own}` });
    assert.deepEqual(trusting(login, { SSL_CERT_DIR: "/a:/b" }), { SSL_CERT_DIR: `/a:/b:${own}` });
    assert.deepEqual(trusting(await open(""), {}), {});
    assert.deepEqual(trusting(undefined, {}), {});
  });
});
