import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { generateKeyPair, generateKeyPairOf } from "../ca/key-pair.ts";
import { keyTypes } from "../ca/key-type.ts";
import { pemBlocks, pemOf } from "../ca/pem.ts";
import { issueFor, mountOfDepth, rootPem, run, temporaryDirectory } from "./ca-fixture.ts";
import { isRandom, lint } from "./lint.ts";

function encodedOf(pem: string): Buffer {
  return pemBlocks(pem, "CERTIFICATE")[0] ?? Buffer.alloc(0);
}

describe("the strict linter finds nothing", () => {
  for (const keyType of keyTypes) {
    test(`in a root, an intermediate and each profile with keys of ${keyType}`, async () => {
      const mount = await mountOfDepth(1, { keyType: keyType.startsWith("rsa") ? "rsa-2048" : keyType });
      const [root, above] = mount.authorities.all();
      assert.deepEqual(lint(root?.certificate.encoded ?? Buffer.alloc(0), "root"), []);
      assert.deepEqual(lint(above?.certificate.encoded ?? Buffer.alloc(0), "intermediate"), []);
      const key = await generateKeyPairOf(keyType);
      for (const [profile, names] of [
        ["server", ["a.example.org", "*.example.org", "192.0.2.7", "2001:db8::7"]],
        ["client", ["someone@example.org", "spiffe://example.org/someone"]],
        ["peer", ["node-1", "10.0.0.1"]],
        ["server", [`${"a".repeat(60)}.${"b".repeat(60)}.example.org`]],
      ] as const) {
        const { certificatePem } = await issueFor(mount, names, { profile, key });
        assert.deepEqual(lint(encodedOf(certificatePem), "leaf"), [], profile);
      }
    });
  }

  test("in certificates that end after 2049", async () => {
    const clock = { now: () => Date.parse("2049-12-01T00:00:00Z"), sleep: () => Promise.resolve() };
    const mount = await mountOfDepth(1, { clock });
    const encoded = encodedOf((await issueFor(mount, ["a.example.org"])).certificatePem);
    assert.deepEqual(lint(encoded, "leaf"), []);
    assert.match(encoded.toString("latin1"), /491130235900Z.{2}20500301000000Z/s);
  });

  test("in certificates for any names that the profile takes", async () => {
    const mount = await mountOfDepth(1);
    const { publicKey } = generateKeyPair();
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
    const host = fc
      .array(label, { minLength: 1, maxLength: 5 })
      .map((labels) => [...labels, "example"].join("."));
    const name = fc.oneof(
      host,
      host.map((each) => `*.${each}`),
      fc.ipV4(),
      fc.ipV6().filter((each) => !each.includes("::ffff")),
    );
    const names = fc.array(name, { minLength: 1, maxLength: 12 });
    const lifetimeMs = fc.integer({ min: 1_000, max: 398 * 86_400_000 });
    await fc.assert(
      fc.asyncProperty(names, lifetimeMs, async (wanted, lifetime) => {
        const request = {
          profile: "server",
          names: wanted,
          publicKey,
          requester: "tester",
          lifetimeMs: lifetime,
        };
        const issued = await mount.issue(request);
        const encoded = encodedOf(issued.certificatePem);
        assert.deepEqual(lint(encoded, "leaf"), []);
        const certificate = new X509Certificate(encoded);
        for (const each of wanted) {
          assert.ok(certificate.checkHost(each.replace(/^\*\./, "any.")) ?? certificate.checkIP(each), each);
        }
        const { notAfterMs } = mount.authorities.get().certificate;
        assert.ok(issued.notAfterMs <= notAfterMs);
        assert.equal(certificate.validToDate.getTime(), issued.notAfterMs);
      }),
      { numRuns: 300 },
    );
  });

  test("in the serial numbers of 500 certificates: all bits are random", async () => {
    const mount = await mountOfDepth(0);
    const { publicKey } = generateKeyPair();
    const request = { profile: "server", names: ["a.example.org"], publicKey, requester: "tester" };
    const serialNumbers: string[] = [];
    for (let count = 0; count < 500; count += 1)
      serialNumbers.push((await mount.issue(request)).serialNumber);
    assert.equal(new Set(serialNumbers).size, 500);
    assert.ok(isRandom(serialNumbers));
  });
});

describe("the strict linter", () => {
  test("finds what is wrong with a careless certificate of openssl", async () => {
    await using directory = await temporaryDirectory();
    const key = await directory.file("key.pem", "");
    const out = await directory.file("careless.pem", "");
    await run(
      "openssl",
      ...["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-sha1", "-days", "3650", "-set_serial", "1"],
      ...["-subj", "/CN=only.example.org", "-keyout", key, "-out", out],
    );
    const pem = await run("openssl", "x509", "-in", out);
    const found = lint(encodedOf(pem), "leaf").join("\n");
    for (const rule of [
      /entropy/,
      /SHA-1/,
      /strong enough/,
      /is no authority/,
      /key usage/,
      /alternative names/,
      /398 days/,
    ]) {
      assert.match(found, rule);
    }
  });
});

describe("GnuTLS", () => {
  for (const keyType of ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-3072"] as const) {
    test(`verifies a chain of ${keyType}, by name and usage`, async () => {
      await using directory = await temporaryDirectory();
      const mount = await mountOfDepth(2, { keyType });
      const { chainPem } = await issueFor(mount, ["web.example.org"], { keyType });
      const chain = await directory.file("chain.pem", chainPem);
      const root = await directory.file("root.pem", rootPem(mount));
      const options = ["--verify", "--load-ca-certificate", root, "--infile", chain];
      const usage = ["--verify-hostname", "web.example.org", "--verify-purpose", "1.3.6.1.5.5.7.3.1"];
      assert.match(await run("certtool", ...options, ...usage), /Chain verification output: Verified/);
      await assert.rejects(run("certtool", ...options, "--verify-hostname", "other.example.org"));
      const { encoded } = await mount.crls.current(mount.authorities.get());
      const list = await directory.file("list.pem", pemOf("X509 CRL", encoded));
      assert.match(await run("certtool", "--crl-info", "--infile", list), /CRL Number/i);
    });
  }
});
