import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { test } from "node:test";
import { systemClock } from "../clock.ts";
import { createCertificateReloader } from "../tls/certificate-reloader.ts";
import { makeCertificates } from "./certificates.ts";

test("a renewed certificate is taken over once both of its files are there", () => {
  using files = makeCertificates();
  using renewed = makeCertificates();
  const taken: string[] = [];
  const use = (tls: { cert: string }): void => void taken.push(tls.cert);
  const reload = createCertificateReloader({ files, clock: systemClock, use });
  reload();
  assert.equal(taken.length, 0);
  copyFileSync(renewed.certFile, files.certFile);
  assert.throws(reload, { code: "TLS_KEY_MISMATCH" });
  copyFileSync(renewed.keyFile, files.keyFile);
  reload();
  reload();
  assert.equal(taken.length, 1);
});
