import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run, succeed, verified } from "./client-process.ts";
import { clientDirectory, startAcme } from "./running-acme.ts";
import { serveWebRoot } from "./web-root.ts";

test("acme-tiny issues and renews by http-01; it cannot revoke", async () => {
  await using acme = await startAcme();
  const directory = await clientDirectory(acme, "tiny");
  const path = (name: string): string => join(directory, name);
  await mkdir(path("challenges"));
  await using _ = await serveWebRoot(acme.httpPort, path("challenges"));
  await succeed("openssl", ["genrsa", "-out", path("account.key"), "2048"]);
  const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", path("server.key")];
  const names = ["-subj", "/CN=a.example.test", "-addext", "subjectAltName=DNS:a.example.test"];
  await succeed("openssl", ["req", "-new", ...key, ...names, "-out", path("server.csr")]);

  async function issue(): Promise<string> {
    const files = ["--account-key", path("account.key"), "--csr", path("server.csr")];
    const where = ["--acme-dir", path("challenges"), "--directory-url", acme.directoryUrl];
    const environment = { SSL_CERT_FILE: acme.caFile };
    const { code, output } = await run(
      "acme-tiny",
      ["--quiet", "--disable-check", ...files, ...where],
      environment,
    );
    assert.equal(code, 0, output);
    await writeFile(path("chain.pem"), output);
    return (await verified(acme, path("chain.pem"), "a.example.test")).serialNumber;
  }

  const first = await issue();
  assert.notEqual(await issue(), first);
});
