import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

import { privateDirectory, writeLogin } from "./private-files.ts";

test("a login is in files that nobody else can read, and gone afterwards", async () => {
  await using place = await createTemporaryDirectory();
  const caFile = join(place.path, "ca.pem");
  await writeFile(caFile, "authority");
  let path: string;
  {
    await using files = await privateDirectory({ XDG_RUNTIME_DIR: "/nonexistent", TMPDIR: place.path });
    path = files.path;
    assert.ok(path.startsWith(place.path));
    const login = { address: "h:1", username: "kyle", password: "secret", caFile };
    const { authFile, certificateDirectory } = await writeLogin(path, login);
    const modes = await Promise.all([path, authFile, certificateDirectory].map((each) => stat(each)));
    assert.deepEqual(
      modes.map(({ mode }) => mode & 0o777),
      [0o700, 0o600, 0o700],
    );
    assert.deepEqual(JSON.parse(await readFile(authFile, "utf8")), {
      auths: { "h:1": { auth: btoa("kyle:secret") } },
    });
    assert.equal(await readFile(join(certificateDirectory, "ca.crt"), "utf8"), "authority");
  }
  await assert.rejects(stat(path), { code: "ENOENT" });
});
