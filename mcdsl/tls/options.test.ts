import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Certificates, makeCertificates } from "../test/certificates.ts";
import { clientTlsOptions, serverTlsOptions } from "./options.ts";

let certificates: Certificates;
let others: Certificates;
before(() => {
  certificates = makeCertificates();
  others = makeCertificates();
});
after(() => {
  certificates[Symbol.dispose]();
  others[Symbol.dispose]();
});

describe("serverTlsOptions", () => {
  test("returns a matching pair for TLS 1.3", () => {
    const options = serverTlsOptions(certificates);
    assert.match(options.cert, /BEGIN CERTIFICATE/);
    assert.match(options.key, /PRIVATE KEY/);
    assert.equal(options.minVersion, "TLSv1.3");
  });

  test("says which file is missing", () => {
    assert.throws(() => serverTlsOptions({ ...certificates, certFile: "/no/such.pem" }), {
      code: "TLS_FILE_UNREADABLE",
      message: "cannot set up TLS with /no/such.pem: there is no such file; create it or correct its path",
    });
    assert.throws(() => serverTlsOptions({ ...certificates, keyFile: "/no/such.key" }), {
      subject: "/no/such.key",
    });
  });

  test("refuses the key of another certificate", () => {
    assert.throws(() => serverTlsOptions({ ...certificates, keyFile: others.keyFile }), {
      code: "TLS_KEY_MISMATCH",
      found: `it is not the key of ${certificates.certFile}`,
    });
  });

  test("refuses files that are something else, without showing what is in them", () => {
    assert.throws(() => serverTlsOptions({ ...certificates, certFile: certificates.keyFile }), {
      code: "TLS_CERTIFICATE_INVALID",
    });
    assert.throws(() => serverTlsOptions({ ...certificates, keyFile: certificates.certFile }), {
      code: "TLS_KEY_INVALID",
    });
  });

  test("refuses a certificate that has expired", () => {
    const nextYear = { now: () => Date.now() + 365 * 86_400_000, sleep: () => Promise.resolve() };
    assert.throws(() => serverTlsOptions(certificates, nextYear), { code: "TLS_CERTIFICATE_EXPIRED" });
  });
});

describe("clientTlsOptions", () => {
  test("trusts only the given authorities, or else the well-known ones", () => {
    assert.equal(clientTlsOptions({ caFile: certificates.caFile }).ca.length, 1);
    assert.ok(clientTlsOptions({}).ca.length > 50);
    assert.equal(clientTlsOptions({}).minVersion, "TLSv1.3");
  });

  test("refuses a file without certificates", () => {
    const directory = mkdtempSync(join(certificates.directory, "ca-"));
    const caFile = join(directory, "ca.pem");
    writeFileSync(caFile, "nothing");
    chmodSync(caFile, 0o600);
    assert.throws(() => clientTlsOptions({ caFile }), { code: "TLS_CERTIFICATE_INVALID" });
    rmSync(directory, { recursive: true });
  });
});
