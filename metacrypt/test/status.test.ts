import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { describe, test } from "node:test";
import type { CaMount } from "../ca/mount.ts";
import { pemOf } from "../ca/pem.ts";
import { createPkiHandler } from "../ca/status/pki-handler.ts";
import { issueFor, mountOfDepth, rootPem, run, temporaryDirectory, type Directory } from "./ca-fixture.ts";
import { memoryEngines } from "./memory-engine.ts";

/** Serves what certificates point to, as a server without TLS does. */
async function serve(mounts: Record<string, CaMount>): Promise<{ origin: string } & AsyncDisposable> {
  const handler = createPkiHandler(memoryEngines(mounts));
  const server: Server = createServer((request, response) => {
    handler(request, response).then(
      (served) => served || response.writeHead(404).end(),
      () => response.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Asked {
  readonly directory: Directory;
  readonly mount: CaMount;
  readonly origin: string;
  readonly leafPem: string;
}

/** Asks with openssl, which checks the signature, the times and the nonce. */
async function askOpenssl(
  { directory, mount, origin, leafPem }: Asked,
  ...options: string[]
): Promise<string> {
  const above = pemOf("CERTIFICATE", mount.authorities.get().certificate.encoded);
  return run(
    "openssl",
    "ocsp",
    ...[
      "-issuer",
      await directory.file("issuer.pem", above),
      "-cert",
      await directory.file("leaf.pem", leafPem),
    ],
    ...["-CAfile", await directory.file("root.pem", rootPem(mount)), "-url", `${origin}/pki/pki/ocsp`],
    ...options.filter((option) => !option.startsWith("-sha")),
  );
}

describe("openssl ocsp", () => {
  for (const keyType of ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"] as const) {
    test(`is told good, then revoked with its reason, by an issuer with a key of ${keyType}`, async () => {
      await using directory = await temporaryDirectory();
      const mount = await mountOfDepth(1, { keyType });
      await using server = await serve({ pki: mount });
      const { certificatePem: leafPem, serialNumber } = await issueFor(mount, ["a.example.org"]);
      const asked = { directory, mount, origin: server.origin, leafPem };
      const good = await askOpenssl(asked);
      assert.match(good, /Response verify OK/);
      assert.match(good, /leaf\.pem: good/);
      assert.doesNotMatch(good, /no nonce in response/);
      await mount.revoke(serialNumber, "keyCompromise", "tester");
      for (const options of [[], ["-no_nonce"], ["-sha256"], ["-sha384", "-no_nonce"]]) {
        const revoked = await askOpenssl(asked, ...options);
        assert.match(revoked, /Response verify OK/);
        assert.match(revoked, /leaf\.pem: revoked/);
        assert.match(revoked, /Reason: keyCompromise/);
      }
    });
  }

  test("is told the new status at once although the old answer may be kept for a while", async () => {
    await using directory = await temporaryDirectory();
    const mount = await mountOfDepth(0);
    await using server = await serve({ pki: mount });
    const { certificatePem: leafPem, serialNumber } = await issueFor(mount, ["a.example.org"]);
    const asked = { directory, mount, origin: server.origin, leafPem };
    assert.match(await askOpenssl(asked, "-no_nonce"), /: good/);
    await mount.revoke(serialNumber, "superseded", "tester");
    assert.match(await askOpenssl(asked, "-no_nonce"), /: revoked/);
  });

  test("is told unknown for a serial number that was never issued, and unauthorized by another mount", async () => {
    await using directory = await temporaryDirectory();
    const mount = await mountOfDepth(0);
    const other = await mountOfDepth(0);
    await using server = await serve({ pki: mount });
    await using otherServer = await serve({ pki: other });
    const { certificatePem: leafPem } = await issueFor(mount, ["a.example.org"]);
    const asked = { directory, mount, origin: server.origin, leafPem };
    assert.match(await askOpenssl(asked, "-serial", "0x4711"), /0x4711: unknown/);
    await assert.rejects(askOpenssl({ ...asked, origin: otherServer.origin }), {
      stdout: /unauthorized \(6\)/,
    });
  });

  test("gets the same by GET, which caches may keep, as by POST", async () => {
    await using directory = await temporaryDirectory();
    const mount = await mountOfDepth(0);
    await using server = await serve({ pki: mount });
    const { certificatePem: leafPem } = await issueFor(mount, ["a.example.org"]);
    const request = await directory.file("request.der", "");
    const asked = { directory, mount, origin: server.origin, leafPem };
    await askOpenssl(asked, "-no_nonce", "-reqout", request);
    const question = await readFile(request);
    for (const form of [encodeURIComponent(question.toString("base64")), question.toString("base64")]) {
      const answer = await fetch(`${server.origin}/pki/pki/ocsp/${form}`);
      assert.equal(answer.headers.get("content-type"), "application/ocsp-response");
      assert.match(answer.headers.get("cache-control") ?? "", /max-age=/);
      const response = await directory.file("response.der", new Uint8Array(await answer.arrayBuffer()));
      const root = await directory.file("root.pem", rootPem(mount));
      const shown = await run(
        "openssl",
        "ocsp",
        "-respin",
        response,
        "-CAfile",
        root,
        "-issuer",
        root,
        "-text",
      );
      assert.match(shown, /Cert Status: good/);
    }
  });

  const malformed = Buffer.from("30030a0101", "hex");
  test("every broken question is answered as malformed, and none breaks the responder", async () => {
    const mount = await mountOfDepth(0);
    for (const question of [
      Buffer.alloc(0),
      Buffer.from("nonsense"),
      Buffer.from("3000", "hex"),
      Buffer.alloc(9_000, 0x30),
    ]) {
      assert.deepEqual(await mount.ocsp.answer(question), malformed);
    }
  });
});

describe("the files that certificates point to", () => {
  test("are where the certificate says, as it says them, and openssl reads them", async () => {
    await using directory = await temporaryDirectory();
    const mount = await mountOfDepth(1);
    await using server = await serve({ pki: mount });
    const { certificatePem, serialNumber } = await issueFor(mount, ["a.example.org"]);
    await mount.revoke(serialNumber, "cessationOfOperation", "tester");
    const { infoAccess = "" } = new X509Certificate(certificatePem);
    const issuerUrl = /CA Issuers - URI:(\S+)/.exec(infoAccess)?.[1] ?? "";
    const text = await run(
      "openssl",
      "x509",
      "-in",
      await directory.file("leaf.pem", certificatePem),
      "-noout",
      "-text",
    );
    const crlUrl = /CRL Distribution Points:\s+Full Name:\s+URI:(\S+)/.exec(text)?.[1] ?? "";
    const get = async (url: string): Promise<Response> =>
      fetch(url.replace("http://pki.example.org", server.origin));
    const issuer = await get(issuerUrl);
    assert.equal(issuer.headers.get("content-type"), "application/pkix-cert");
    const issuerCertificate = new X509Certificate(new Uint8Array(await issuer.arrayBuffer()));
    assert.ok(new X509Certificate(certificatePem).checkIssued(issuerCertificate));
    const list = await get(crlUrl);
    assert.equal(list.headers.get("content-type"), "application/pkix-crl");
    const file = await directory.file("list.crl", new Uint8Array(await list.arrayBuffer()));
    const issuerFile = await directory.file("issuer.pem", issuerCertificate.toString());
    const shown = await run(
      "openssl",
      "crl",
      "-inform",
      "DER",
      "-in",
      file,
      "-CAfile",
      issuerFile,
      "-noout",
      "-text",
    );
    assert.match(shown, /verify OK/);
    assert.match(shown, new RegExp(`Serial Number: ${serialNumber.toUpperCase()}`));
    assert.match(shown, /Cessation Of Operation/);
    const pem = await get(crlUrl.replace(/\.crl$/, ".pem"));
    assert.match(await pem.text(), /^-----BEGIN X509 CRL-----\n/);
  });

  test("are not there for other mounts, other authorities and other methods", async () => {
    const mount = await mountOfDepth(0);
    await using server = await serve({ pki: mount });
    const status = async (path: string, method = "GET"): Promise<number> =>
      (await fetch(`${server.origin}${path}`, { method })).status;
    assert.equal(await status("/pki/pki/crl/default.crl"), 200);
    assert.equal(await status("/pki/pki/crl/default.crl", "HEAD"), 200);
    assert.equal(await status("/pki/other/crl/default.crl"), 404);
    assert.equal(await status("/pki/pki/crl/nobody.crl"), 404);
    assert.equal(await status("/pki/pki/keys/default.key"), 404);
    assert.equal(await status("/pki/pki/crl/default.crl", "POST"), 405);
    assert.equal(await status("/pki/pki/ocsp"), 405);
    assert.equal(await status("/elsewhere"), 404);
  });
});

describe("a revocation list", () => {
  test("makes openssl refuse a revoked certificate, and no other", async () => {
    await using directory = await temporaryDirectory();
    const mount = await mountOfDepth(0);
    const good = await issueFor(mount, ["good.example.org"]);
    const bad = await issueFor(mount, ["bad.example.org"]);
    await mount.revoke(bad.serialNumber, "unspecified", "tester");
    const { encoded } = await mount.crls.current(mount.authorities.get());
    const list = await directory.file("list.pem", pemOf("X509 CRL", encoded));
    const root = await directory.file("root.pem", rootPem(mount));
    const verify = async (pem: string): Promise<string> =>
      run(
        "openssl",
        ...["verify", "-x509_strict", "-crl_check_all", "-CAfile", root, "-CRLfile", list],
        await directory.file("leaf.pem", pem),
      );
    assert.match(await verify(good.certificatePem), /OK/);
    await assert.rejects(verify(bad.certificatePem), /certificate revoked/);
  });

  test("has a higher number after each revocation, and once it is a day old", async () => {
    let nowMs = Date.parse("2026-11-21T12:00:00Z");
    const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
    const mount = await mountOfDepth(0, { clock });
    const number = async (): Promise<number> => (await mount.crls.current(mount.authorities.get())).number;
    assert.equal(await number(), 1);
    assert.equal(await number(), 1);
    const { serialNumber } = await issueFor(mount, ["a.example.org"]);
    assert.equal(await number(), 1);
    await mount.revoke(serialNumber, "superseded", "tester");
    assert.deepEqual(await Promise.all([number(), number(), number()]), [2, 2, 2]);
    nowMs += 25 * 60 * 60 * 1_000;
    assert.equal(await number(), 3);
  });

  test("keeps a certificate until after its end, and then lets it go", async () => {
    let nowMs = Date.parse("2026-11-21T12:00:00Z");
    const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
    const mount = await mountOfDepth(0, { clock });
    const { serialNumber } = await issueFor(mount, ["a.example.org"], { lifetimeMs: 60 * 60 * 1_000 });
    await mount.revoke(serialNumber, "superseded", "tester");
    const listed = async (): Promise<boolean> =>
      (await mount.crls.current(mount.authorities.get())).encoded.length > empty;
    const empty =
      (await (await mountOfDepth(0, { clock })).crls.current(mount.authorities.get())).encoded.length + 8;
    const dayMs = 24 * 60 * 60 * 1_000;
    assert.equal(await listed(), true);
    nowMs += dayMs + 1_000;
    assert.equal(await listed(), true, "the first list after its end still has it");
    nowMs += dayMs;
    assert.equal(await listed(), false);
  });
});
