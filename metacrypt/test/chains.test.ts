import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keyTypes } from "../ca/key-type.ts";
import { pemBlocks, pemOf } from "../ca/pem.ts";
import { issueFor, mountOfDepth, rootPem, run, temporaryDirectory } from "./ca-fixture.ts";

describe("openssl verifies chains strictly", () => {
  for (const keyType of keyTypes) {
    for (const depth of [0, 1, 2]) {
      // Keys of RSA take long to make; one depth shows that they sign and are signed.
      if (keyType.startsWith("rsa") && depth !== 1) continue;
      test(`of ${keyType} with ${depth} intermediates, revocation lists included`, async () => {
        await using directory = await temporaryDirectory();
        const mount = await mountOfDepth(depth, { keyType });
        const issued = await issueFor(
          mount,
          ["web.example.org", "*.apps.example.org", "192.0.2.1", "2001:db8::1"],
          {
            keyType,
          },
        );
        const [leaf = Buffer.alloc(0), ...above] = pemBlocks(issued.chainPem, "CERTIFICATE");
        assert.equal(above.length, depth);
        const lists = await Promise.all(
          mount.authorities.all().map(async (authority) => {
            const { encoded } = await mount.crls.current(authority);
            return pemOf("X509 CRL", encoded);
          }),
        );
        const args = ["verify", "-x509_strict", "-crl_check_all", "-purpose", "sslserver"];
        const verified = await run(
          "openssl",
          ...args,
          ...["-verify_hostname", "web.example.org"],
          ...["-CAfile", await directory.file("root.pem", rootPem(mount))],
          ...["-CRLfile", await directory.file("all.crl", lists.join(""))],
          ...(depth === 0
            ? []
            : [
                "-untrusted",
                await directory.file("above.pem", above.map((each) => pemOf("CERTIFICATE", each)).join("")),
              ]),
          await directory.file("leaf.pem", pemOf("CERTIFICATE", leaf)),
        );
        assert.match(verified, /: OK\n$/);
        const list = await directory.file("one.crl", lists.at(-1) ?? "");
        assert.match(await run("openssl", "crl", "-in", list, "-noout", "-text"), /X509v3 CRL Number:\s+1\n/);
      });
    }
  }
});
