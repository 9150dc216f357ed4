import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createIntermediate } from "../ca/authorities/create-intermediate.ts";
import { generateKeyPair } from "../ca/key-pair.ts";
import { CaMount } from "../ca/mount.ts";
import { nameSpace } from "../ca/name-constraints.ts";
import { pemBlock, pemOf } from "../ca/pem.ts";
import { readSigningRequest } from "../ca/signing-request.ts";
import { issueFor, mountOfDepth, rootPem, run, temporaryDirectory } from "./ca-fixture.ts";
import { memoryEngineParts } from "./memory-engine.ts";

describe("a mount of authorities", () => {
  test("knows after it was closed and opened again what it knew, and goes on counting its lists", async () => {
    const parts = memoryEngineParts();
    const first = await CaMount.open(parts);
    await first.desk.createRoot(
      { name: "root", subject: { commonName: "Root" }, keyType: "ecdsa-p256" },
      "test",
    );
    const a = await issueFor(first, ["a.example.org"]);
    const b = await issueFor(first, ["b.example.org"], { profile: "client" });
    await first.revoke(a.serialNumber, "keyCompromise", "someone");
    assert.equal((await first.crls.current(first.authorities.get())).number, 1);
    const second = await CaMount.open(parts);
    assert.deepEqual(second.find(a.serialNumber), first.find(a.serialNumber));
    assert.equal(second.find(a.serialNumber.toUpperCase())?.revocation?.by, "someone");
    const { found } = second.search({ status: "valid" }, { limit: 10 });
    assert.deepEqual(
      found.map(({ serialNumber }) => serialNumber),
      [b.serialNumber],
    );
    const list = await second.crls.current(second.authorities.get());
    assert.deepEqual([list.number, list.revocations], [2, 1]);
  });

  test("pages through everything exactly once, newest first, also of the same instant", async () => {
    let nowMs = Date.parse("2026-11-21T12:00:00Z");
    const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
    const mount = await mountOfDepth(0, { clock });
    const { publicKey } = generateKeyPair();
    for (let number = 0; number < 25; number += 1) {
      if (number % 4 === 0) nowMs += 1_000;
      await mount.issue({
        profile: "server",
        names: [`n${number}.example.org`],
        publicKey,
        requester: "tester",
      });
    }
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const { found, next } = mount.search({}, { limit: 7, ...(after === undefined ? {} : { after }) });
      assert.ok(found.length <= 7);
      seen.push(...found.map(({ issuedMs, serialNumber }) => `${issuedMs}.${serialNumber}`));
      if (next === undefined) break;
      after = next;
    }
    assert.equal(seen.length, 25);
    assert.deepEqual(seen, seen.toSorted().toReversed());
  });

  test("gives out nothing that it could not record, nor writes of it in the audit log", async () => {
    const parts = memoryEngineParts();
    const mount = await CaMount.open(parts);
    await mount.desk.createRoot(
      { name: "root", subject: { commonName: "Root" }, keyType: "ecdsa-p256" },
      "test",
    );
    const broken = await CaMount.open({
      ...parts,
      audit: {
        ...parts.audit,
        change: (entry, work) =>
          parts.records.transaction(() => {
            parts.audit.change(entry, work);
            throw new Error("the disk is full");
          }),
      },
    });
    await assert.rejects(issueFor(broken, ["a.example.org"]), /the disk is full/);
    assert.equal(broken.size, 0);
    assert.equal((await CaMount.open(parts)).size, 0);
  });

  test("renews a certificate whose key was compromised for another key only", async () => {
    const mount = await mountOfDepth(0);
    const { key, serialNumber } = await issueFor(mount, ["a.example.org"]);
    await mount.revoke(serialNumber, "keyCompromise", "someone");
    const before = mount.get(serialNumber);
    assert.throws(() => mount.renew(before, key.publicKey, "someone"), { code: "CERTIFICATE_KEY_REFUSED" });
    const { certificatePem } = await mount.renew(before, generateKeyPair().publicKey, "someone");
    assert.match(String(new X509Certificate(certificatePem).subjectAltName), /a\.example\.org/);
  });

  test("says of nothing that it was certified long before it was", async () => {
    const mount = await mountOfDepth(0);
    const { publicKey } = generateKeyPair();
    const beginning = (notBeforeMs: number): ReturnType<CaMount["issue"]> =>
      mount.issue({
        profile: "server",
        names: ["a.example.org"],
        publicKey,
        requester: "tester",
        notBeforeMs,
      });
    const dayMs = 24 * 60 * 60 * 1_000;
    for (const startMs of [Date.now() - 80 * dayMs, Date.now() - 2 * dayMs, Date.now() + 91 * dayMs]) {
      await assert.rejects(beginning(startMs), { code: "CERTIFICATE_LIFETIME_INVALID" });
    }
    await beginning(Date.now() - dayMs / 2);
    await beginning(Date.now() + 89 * dayMs);
  });

  test("bounds names by the authorities above, as openssl does", async () => {
    await using directory = await temporaryDirectory();
    const mount = await mountOfDepth(1);
    const root = mount.authorities.get("root");
    const nameConstraints = {
      permitted: ["branch.example.org", "10.1.0.0/16"].map(nameSpace),
      excluded: [nameSpace("secret.branch.example.org")],
    };
    const wish = {
      name: "branch",
      subject: { commonName: "Branch" },
      keyType: "ecdsa-p256",
      nameConstraints,
    } as const;
    const branch = await createIntermediate({ mount, wish, issuer: { mount, id: root.id } }, "test");
    mount.desk.change(branch.id, { makeDefault: true }, "test");
    const { chainPem } = await issueFor(mount, ["a.branch.example.org", "10.1.2.3"]);
    const chain = await directory.file("chain.pem", chainPem);
    const rootFile = await directory.file("root.pem", rootPem(mount));
    const verify = ["verify", "-x509_strict", "-CAfile", rootFile, "-untrusted", chain];
    assert.match(await run("openssl", ...verify, chain), /OK/);
    for (const name of [
      "a.example.org",
      "notbranch.example.org",
      "x.secret.branch.example.org",
      "10.2.0.1",
      "*.example.org",
    ]) {
      await assert.rejects(issueFor(mount, [name]), { code: "CERTIFICATE_NAME_OUT_OF_BOUNDS" }, name);
    }
  });

  test("does not let an authority without room below sign another", async () => {
    const mount = await mountOfDepth(1);
    const wish = { name: "below", subject: { commonName: "Below" }, keyType: "ecdsa-p256" } as const;
    const issuer = { mount, id: "level-1" };
    await assert.rejects(createIntermediate({ mount, wish, issuer }, "test"), {
      code: "AUTHORITY_PATH_TOO_LONG",
    });
    assert.equal(mount.authorities.pending().length, 0);
    assert.equal(mount.authorities.all().length, 2);
  });
});

describe("a signing request", () => {
  const table: readonly (readonly [why: string, options: readonly string[]])[] = [
    ["signed with SHA-1", ["-newkey", "rsa:2048", "-sha1"]],
    ["that wants to be an authority", ["-newkey", "rsa:2048", "-addext", "basicConstraints=CA:TRUE"]],
  ];
  for (const [why, options] of table) {
    test(`${why} is refused`, async () => {
      await using directory = await temporaryDirectory();
      const key = await directory.file("key", "");
      const pem = await run(
        "openssl",
        "req",
        "-new",
        "-nodes",
        "-keyout",
        key,
        "-subj",
        "/CN=a.example.org",
        ...options,
      );
      const encoded = pemBlock(pem, "read", "CERTIFICATE REQUEST");
      assert.throws(() => readSigningRequest(encoded), { code: "SIGNING_REQUEST_INVALID" });
    });
  }

  test("with a weak key is refused", async () => {
    await using directory = await temporaryDirectory();
    const key = await directory.file("key", "");
    const pem = await run(
      "openssl",
      "req",
      "-new",
      "-newkey",
      "rsa:1024",
      "-nodes",
      "-keyout",
      key,
      "-subj",
      "/CN=a",
    );
    const encoded = pemBlock(pem, "read", "CERTIFICATE REQUEST");
    assert.throws(() => readSigningRequest(encoded), { code: "CERTIFICATE_KEY_REFUSED" });
  });
});

test("Chromium opens a page with our certificate once it trusts the root, and not before", async () => {
  await using directory = await createTemporaryDirectory();
  const mount = await mountOfDepth(1);
  const { chainPem, key } = await issueFor(mount, ["localhost"]);
  const server = createServer({ cert: chainPem, key: key.privateKeyPem }, (_, response) => {
    response.setHeader("content-type", "text/html").end("<p>shown by Chromium</p>");
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const database = join(directory.path, ".pki", "nssdb");
  await mkdir(database, { recursive: true });
  const open = (): Promise<string> =>
    run(
      ...([
        "env",
        `HOME=${directory.path}`,
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
      ] as const),
      ...["--disable-dev-shm-usage", `--user-data-dir=${join(directory.path, "profile")}`],
      ...["--dump-dom", `https://localhost:${address.port}/`],
    );
  try {
    await run("certutil", "-d", `sql:${database}`, "-N", "--empty-password");
    assert.doesNotMatch(await open(), /shown by Chromium/);
    await using files = await temporaryDirectory();
    const root = await files.file(
      "root.pem",
      pemOf("CERTIFICATE", mount.authorities.get("root").certificate.encoded),
    );
    await run("certutil", "-d", `sql:${database}`, "-A", "-t", "C,,", "-n", "Test root", "-i", root);
    assert.match(await open(), /shown by Chromium/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
