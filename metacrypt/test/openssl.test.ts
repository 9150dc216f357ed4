import { systemClock } from "@metacircular/mcdsl/clock.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect, createServer } from "node:tls";
import { promisify } from "node:util";
import { CertificateAuthority } from "../ca/authority.ts";
import { fileStore } from "../ca/file-store.ts";
import { generateKeyPair } from "../ca/key-pair.ts";
import { profiles } from "../ca/profile.ts";

const run = promisify(execFile);
const key = generateKeyPair();
let directory: string;
let rootPath: string;
let leafPath: string;
let leafPem: string;

async function openssl(...args: string[]): Promise<string> {
  return (await run("openssl", args)).stdout;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "metacrypt-"));
  const store = fileStore(join(directory, "ca"));
  const authority = await CertificateAuthority.open({ store, clock: systemClock, commonName: "Test root" });
  const names = ["web.example.net", "127.0.0.1", "::1"];
  leafPem = (await authority.issue(profiles.server, { names, publicKey: key.publicKey })).certificatePem;
  rootPath = join(directory, "ca", "root.pem");
  leafPath = join(directory, "leaf.pem");
  await writeFile(leafPath, leafPem);
});

after(() => rm(directory, { recursive: true, force: true }));

describe("openssl", () => {
  test("verifies the chain strictly, for a TLS server, by name and by address", async () => {
    const strict = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", rootPath];
    for (const match of [
      ["-verify_hostname", "web.example.net"],
      ["-verify_ip", "127.0.0.1"],
      ["-verify_ip", "::1"],
    ]) {
      assert.match(await openssl(...strict, ...match, leafPath), /: OK\n$/);
    }
  });

  test("rejects it for another name, and as an authority", async () => {
    const verify = ["verify", "-x509_strict", "-CAfile", rootPath];
    await assert.rejects(run("openssl", [...verify, "-verify_hostname", "other.example.net", leafPath]));
    await assert.rejects(run("openssl", [...verify, "-purpose", "sslclient", leafPath]));
  });

  test("verifies a certificate whose only name is too long for a subject", async () => {
    const store = fileStore(join(directory, "ca"));
    const authority = await CertificateAuthority.open({ store, clock: systemClock, commonName: "Test root" });
    const name = `${"a".repeat(60)}.${"b".repeat(60)}.example.net`;
    const issued = await authority.issue(profiles.server, { names: [name], publicKey: key.publicKey });
    const path = join(directory, "long.pem");
    await writeFile(path, issued.certificatePem);
    const options = ["-x509_strict", "-CAfile", rootPath, "-verify_hostname", name];
    assert.match(await openssl("verify", ...options, path), /: OK\n$/);
    assert.match(await openssl("x509", "-in", path, "-noout", "-text"), /Alternative Name: critical/);
  });

  test("reads the extensions that the profile asks for", async () => {
    const leaf = await openssl("x509", "-in", leafPath, "-noout", "-text");
    assert.match(leaf, /Basic Constraints: critical\s+CA:FALSE/);
    assert.match(leaf, /Key Usage: critical\s+Digital Signature\n/);
    assert.match(leaf, /Extended Key Usage:\s+TLS Web Server Authentication\n/);
    const root = await openssl("x509", "-in", rootPath, "-noout", "-text");
    assert.match(root, /Basic Constraints: critical\s+CA:TRUE, pathlen:1/);
    assert.match(root, /Key Usage: critical\s+Digital Signature, Certificate Sign, CRL Sign\n/);
    const rootKeyId = /Subject Key Identifier:\s+(\S+)/.exec(root)?.[1];
    assert.ok(rootKeyId !== undefined);
    assert.equal(/Authority Key Identifier:\s+(?:keyid:)?(\S+)/.exec(leaf)?.[1], rootKeyId);
  });
});

describe("the files of an authority", () => {
  test("keep the key for its owner alone and every certificate issued", async () => {
    const path = join(directory, "ca", "root-key.pem");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(directory, "ca"))).mode & 0o777, 0o700);
    const issued = await readdir(join(directory, "ca", "issued"));
    assert.ok(issued.length >= 1);
    assert.ok(issued.every((name) => /^[0-9a-f]{32}\.pem$/.test(name)));
  });
});

test("a TLS 1.3 client that trusts the root accepts the server, and one that does not refuses it", async () => {
  const { certificatePem: ca } = await CertificateAuthority.open({
    store: fileStore(join(directory, "ca")),
    clock: systemClock,
    commonName: "Test root",
  });
  const server = createServer({ cert: leafPem, key: key.privateKeyPem, minVersion: "TLSv1.3" });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  try {
    const trusting = connect({ host: "127.0.0.1", port: address.port, ca });
    await once(trusting, "secureConnect");
    assert.equal(trusting.authorized, true);
    trusting.destroy();
    const strange = connect({ host: "127.0.0.1", port: address.port });
    await assert.rejects(once(strange, "secureConnect"), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  } finally {
    server.close();
  }
});
