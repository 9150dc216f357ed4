import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { generateKeyPair } from "../ca/key-pair.ts";
import { CaMount } from "../ca/mount.ts";
import { pemOf } from "../ca/pem.ts";
import { type Directory, issueFor, rootPem, run, temporaryDirectory } from "./ca-fixture.ts";
import { memoryEngineParts } from "./memory-engine.ts";

/** A mount, and what gives it certificates for one subject and key under several names. The last one issues. */
async function renewable(
  directory: Directory,
): Promise<{ mount: CaMount; renew: (name: string) => Promise<void> }> {
  const mount = await CaMount.open(memoryEngineParts());
  const { privateKeyPem } = generateKeyPair();
  const keyFile = await directory.file("key.pem", privateKeyPem);
  return {
    mount,
    async renew(name) {
      const usage = "keyUsage=critical,keyCertSign,cRLSign,digitalSignature";
      const subject = ["-subj", "/CN=Same", "-days", "30", "-addext", usage];
      const certificate = await run("openssl", "req", "-x509", "-key", keyFile, ...subject);
      mount.desk.import(name, certificate, privateKeyPem, "test");
      mount.desk.change(name, { makeDefault: true }, "test");
    },
  };
}

describe("an authority whose certificate was renewed for the same key", () => {
  test("says good of what it issued under either", async () => {
    await using directory = await temporaryDirectory();
    const { mount, renew } = await renewable(directory);
    for (const name of ["root", "renewed"]) {
      await renew(name);
      const { certificatePem } = await issueFor(mount, [`${name}.example.org`]);
      const root = await directory.file("root.pem", rootPem(mount));
      const leaf = await directory.file("leaf.pem", certificatePem);
      const question = await directory.file("question", "");
      const about = ["ocsp", "-no_nonce", "-CAfile", root, "-issuer", root, "-cert", leaf];
      await run("openssl", ...about, "-reqout", question);
      const answer = await directory.file("answer", await mount.ocsp.answer(await readFile(question)));
      assert.match(await run("openssl", ...about, "-respin", answer), /leaf\.pem: good/);
    }
  });

  test("revokes it on the lists of both", async () => {
    await using directory = await temporaryDirectory();
    const { mount, renew } = await renewable(directory);
    await renew("root");
    const first = mount.authorities.get();
    assert.equal((await mount.crls.current(first)).revocations, 0);
    await renew("renewed");
    const { certificatePem, serialNumber } = await issueFor(mount, ["a.example.org"]);
    await mount.revoke(serialNumber, "superseded", "tester");
    const root = await directory.file("root.pem", rootPem(mount));
    const leaf = await directory.file("leaf.pem", certificatePem);
    for (const authority of [first, mount.authorities.get()]) {
      const { encoded } = await mount.crls.current(authority);
      const list = await directory.file("list.pem", pemOf("X509 CRL", encoded));
      const verify = ["verify", "-crl_check", "-CAfile", root, "-CRLfile", list, leaf];
      await assert.rejects(run("openssl", ...verify), /certificate revoked/);
    }
  });
});
