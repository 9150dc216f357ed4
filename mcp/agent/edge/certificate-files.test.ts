import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { selfSigned } from "@metacircular/testkit/self-signed.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createCertificateFiles } from "./certificate-files.ts";

const hostname = "shop.example.net";

async function pem(): Promise<{ key: string; chain: string }> {
  const { key, certificate } = await selfSigned(hostname);
  return { key, chain: certificate };
}

describe("files of certificates", () => {
  test("are read as they were written, for their owner alone, and removed", async () => {
    await using directory = await createTemporaryDirectory();
    const files = createCertificateFiles(join(directory.path, "certs"));
    assert.equal(await files.read(hostname), undefined);
    await files.write(hostname, await pem());
    const path = join(files.directory, `${hostname}.pem`);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.ok(((await files.read(hostname))?.notAfterMs ?? 0) > Date.now());
    await files.write(hostname, await pem());
    await files.remove(hostname);
    assert.deepEqual(await readdir(files.directory), []);
    await files.remove(hostname);
  });

  test("that somebody else put there are used, kept when they are replaced, and never removed", async () => {
    await using directory = await createTemporaryDirectory();
    const files = createCertificateFiles(directory.path);
    const { key, chain } = await pem();
    const own = key + chain;
    const path = join(directory.path, `${hostname}.pem`);
    await writeFile(path, own, { mode: 0o600 });
    assert.ok((await files.read(hostname)) !== undefined);
    await files.remove(hostname);
    assert.equal(await readFile(path, "utf8"), own);
    await files.write(hostname, await pem());
    assert.equal(await readFile(`${path}.kept`, "utf8"), own);
    await files.remove(hostname);
    assert.deepEqual(await readdir(directory.path), [`${hostname}.pem.kept`]);
  });
});
