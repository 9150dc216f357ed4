import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";

import type { PushLogin } from "./image-runtime.ts";

/** A directory for this account only, removed with all that is in it. In memory, where the session has one there. */
export async function privateDirectory(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const parents = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], tmpdir()];
  let failure: unknown;
  for (const parent of parents) {
    if (parent?.startsWith("/") !== true) continue;
    try {
      const path = await mkdtemp(join(parent, "mcp-image-"));
      return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
    } catch (thrown) {
      failure = thrown;
    }
  }
  throw new DetailedError({
    code: "TEMPORARY_FILE_FAILED",
    category: "failed-precondition",
    attempted: "make a temporary directory in",
    subject: tmpdir(),
    found: messageOf(failure),
    remedy: "check that there is space, or name another directory in TMPDIR",
    cause: failure,
  });
}

/** Writes what `podman push` logs in with. `auth.json` has the form of containers-auth.json(5), the directory of
 * certificates that of containers-certs.d(5). */
export async function writeLogin(
  directory: string,
  { address, username, password, caFile }: PushLogin,
): Promise<{ authFile: string; certificateDirectory: string }> {
  const authFile = join(directory, "auth.json");
  const auth = Buffer.from(`${username}:${password}`, "utf8").toString("base64");
  await writeFile(authFile, JSON.stringify({ auths: { [address]: { auth } } }), { mode: 0o600 });
  const certificateDirectory = join(directory, "certificates");
  await mkdir(certificateDirectory, { mode: 0o700 });
  if (caFile !== undefined) await copyFile(caFile, join(certificateDirectory, "ca.crt"));
  return { authFile, certificateDirectory };
}
