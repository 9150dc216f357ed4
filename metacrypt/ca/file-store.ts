import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import type { AuthorityMaterial, AuthorityStore } from "./store.ts";

const secretFileMode = 0o600;
const publicFileMode = 0o644;

/** Keeps an authority in a directory of its own, which only its owner may enter: `root.pem`, `root-key.pem`
 * and `issued/<serial number>.pem`. */
export function fileStore(directory: string): AuthorityStore {
  const certificatePath = join(directory, "root.pem");
  const keyPath = join(directory, "root-key.pem");
  const issuedDirectory = join(directory, "issued");
  return {
    async load(): Promise<AuthorityMaterial | undefined> {
      const certificatePem = await readIfPresent(certificatePath);
      if (certificatePem === undefined) return undefined;
      return { certificatePem, privateKeyPem: await readFile(keyPath, "utf8") };
    },
    async save({ certificatePem, privateKeyPem }): Promise<void> {
      await mkdir(issuedDirectory, { recursive: true, mode: 0o700 });
      // The certificate comes last: a key alone counts as nothing stored, and nobody has used it yet.
      await writeFileAtomic(keyPath, privateKeyPem, { mode: secretFileMode });
      await writeFileAtomic(certificatePath, certificatePem, { mode: publicFileMode });
    },
    async record(serialNumber, certificatePem): Promise<void> {
      await writeFileAtomic(join(issuedDirectory, `${serialNumber}.pem`), certificatePem, {
        mode: publicFileMode,
      });
    },
  };
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}
