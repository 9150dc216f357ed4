import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createCertificateReloader } from "./certificate-reloader.ts";

test("a renewed certificate is taken over once both of its files are there", async () => {
  await using directory = await createTemporaryDirectory();
  const files = await createTestCertificates(join(directory.path, "used"));
  const renewed = await createTestCertificates(join(directory.path, "renewed"));
  const taken: string[] = [];
  const use = (tls: { cert: string }): void => void taken.push(tls.cert);
  const reload = createCertificateReloader({ files, clock: systemClock, use });
  reload();
  assert.equal(taken.length, 0);
  await copyFile(renewed.certFile, files.certFile);
  assert.throws(reload, { code: "TLS_KEY_MISMATCH" });
  await copyFile(renewed.keyFile, files.keyFile);
  reload();
  reload();
  assert.equal(taken.length, 1);
});
