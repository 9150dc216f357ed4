import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { describe, test } from "node:test";
import { CertificateAuthority } from "./authority.ts";
import { generateKeyPair } from "./key-pair.ts";
import { profiles } from "./profile.ts";
import type { AuthorityMaterial, AuthorityStore } from "./store.ts";

const nowMs = Date.parse("2026-11-21T12:00:00.500Z");
const clock = { now: () => nowMs, sleep: () => Promise.resolve() };

class MemoryStore implements AuthorityStore {
  material: AuthorityMaterial | undefined;
  readonly recorded = new Map<string, string>();
  load(): Promise<AuthorityMaterial | undefined> {
    return Promise.resolve(this.material);
  }
  save(material: AuthorityMaterial): Promise<void> {
    this.material = material;
    return Promise.resolve();
  }
  record(serialNumber: string, certificatePem: string): Promise<void> {
    this.recorded.set(serialNumber, certificatePem);
    return Promise.resolve();
  }
}

function open(store: AuthorityStore): Promise<CertificateAuthority> {
  return CertificateAuthority.open({ store, clock, commonName: "Test root" });
}

describe("a certificate authority", () => {
  test("creates its root once and then keeps it", async () => {
    const store = new MemoryStore();
    const first = await open(store);
    const second = await open(store);
    assert.equal(second.certificatePem, first.certificatePem);
    assert.equal(new X509Certificate(first.certificatePem).subject, "CN=Test root");
  });

  test("records a certificate before handing it out", async () => {
    const store = new MemoryStore();
    const authority = await open(store);
    const issued = await authority.issue(profiles.server, {
      names: ["localhost", "127.0.0.1", "::1"],
      publicKey: generateKeyPair().publicKey,
    });
    assert.equal(store.recorded.get(issued.serialNumber), issued.certificatePem);
  });

  test("issues for exactly the names asked for, within the lifetime asked for", async () => {
    const authority = await open(new MemoryStore());
    const key = generateKeyPair();
    const lifetimeMs = 3_600_000;
    const issued = await authority.issue(profiles.server, {
      names: ["Web.Example.net", "127.0.0.1", "::1", "web.example.net"],
      publicKey: key.publicKey,
      lifetimeMs,
    });
    const certificate = new X509Certificate(issued.certificatePem);
    assert.equal(certificate.subject, "CN=web.example.net");
    assert.equal(
      certificate.subjectAltName,
      "DNS:web.example.net, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
    );
    assert.equal(certificate.ca, false);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(key.privateKeyPem)));
    assert.ok(certificate.checkIssued(new X509Certificate(authority.certificatePem)));
    assert.equal(certificate.validFromDate.toISOString(), "2026-11-21T11:59:00.000Z");
    assert.equal(certificate.validToDate.toISOString(), "2026-11-21T13:00:00.000Z");
    assert.equal(issued.notAfterMs, certificate.validToDate.getTime());
  });

  test("never promises more time than it has left itself", async () => {
    const store = new MemoryStore();
    const root = await open(store);
    const end = new X509Certificate(root.certificatePem).validToDate.getTime();
    const late = { now: () => end - 60_000, sleep: () => Promise.resolve() };
    const authority = await CertificateAuthority.open({ store, clock: late, commonName: "Test root" });
    const issued = await authority.issue(profiles.server, {
      names: ["localhost"],
      publicKey: generateKeyPair().publicKey,
    });
    assert.equal(issued.notAfterMs, end);
    const expired = { now: () => end, sleep: () => Promise.resolve() };
    const dead = await CertificateAuthority.open({ store, clock: expired, commonName: "Test root" });
    const request = { names: ["localhost"], publicKey: generateKeyPair().publicKey };
    await assert.rejects(dead.issue(profiles.server, request), { code: "CERTIFICATE_ISSUER_EXPIRED" });
  });

  test("gives every certificate another 128 bit serial number", async () => {
    const store = new MemoryStore();
    const authority = await open(store);
    const { publicKey } = generateKeyPair();
    for (let count = 0; count < 20; count += 1) {
      await authority.issue(profiles.server, { names: ["localhost"], publicKey });
    }
    assert.equal(store.recorded.size, 20);
    for (const [serialNumber, pem] of store.recorded) {
      assert.match(serialNumber, /^[0-9a-f]{32}$/);
      assert.equal(new X509Certificate(pem).serialNumber.toLowerCase(), serialNumber);
    }
  });

  test("refuses to open when its key was exchanged", async () => {
    const store = new MemoryStore();
    const { certificatePem } = await open(store);
    store.material = { certificatePem, privateKeyPem: generateKeyPair().privateKeyPem };
    await assert.rejects(open(store), { code: "AUTHORITY_INVALID" });
  });
});

describe("a request is refused", () => {
  const { publicKey } = generateKeyPair();
  const refusals = [
    { why: "with no names", request: { names: [], publicKey }, code: "CERTIFICATE_NAMES_COUNT" },
    {
      why: "for a wildcard of everything below a top level",
      request: { names: ["*.net"], publicKey },
      code: "CERTIFICATE_NAME_INVALID",
    },
    {
      why: "for a broken address",
      request: { names: ["10.0.0.256"], publicKey },
      code: "CERTIFICATE_NAME_INVALID",
    },
    { why: "for an empty name", request: { names: [""], publicKey }, code: "CERTIFICATE_NAME_INVALID" },
    {
      why: "for a name with a space",
      request: { names: ["a b"], publicKey },
      code: "CERTIFICATE_NAME_INVALID",
    },
    {
      why: "for a label of 64 characters",
      request: { names: ["a".repeat(64)], publicKey },
      code: "CERTIFICATE_NAME_INVALID",
    },
    {
      why: "beyond the profile's lifetime",
      request: { names: ["localhost"], publicKey, lifetimeMs: profiles.server.maximumLifetimeMs + 1 },
      code: "CERTIFICATE_LIFETIME_INVALID",
    },
    {
      why: "with no time to live",
      request: { names: ["localhost"], publicKey, lifetimeMs: 0 },
      code: "CERTIFICATE_LIFETIME_INVALID",
    },
    {
      why: "with something that is no key",
      request: { names: ["localhost"], publicKey: Buffer.from("key") },
      code: "CERTIFICATE_KEY_REFUSED",
    },
  ];
  for (const { why, request, code } of refusals) {
    test(why, async () => {
      const store = new MemoryStore();
      const authority = await open(store);
      await assert.rejects(authority.issue(profiles.server, request), { code });
      assert.equal(store.recorded.size, 0);
    });
  }
});
