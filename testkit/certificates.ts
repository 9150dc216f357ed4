import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { CertificateAuthority } from "@metacircular/metacrypt/ca/authority.ts";
import { fileStore } from "@metacircular/metacrypt/ca/file-store.ts";
import { generateKeyPair } from "@metacircular/metacrypt/ca/key-pair.ts";
import { profiles } from "@metacircular/metacrypt/ca/profile.ts";

/** Files of a server certificate for `localhost` and `127.0.0.1`, and of the authority that issued it. */
export interface TestCertificates {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes a certificate authority and a server certificate in a directory. */
export async function createTestCertificates(directory: string): Promise<TestCertificates> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority = await CertificateAuthority.open({
    store: fileStore(join(directory, "authority")),
    clock: systemClock,
    commonName: "Metacircular test authority",
  });
  const { privateKeyPem, publicKey } = generateKeyPair();
  const issued = await authority.issue(profiles.server, {
    commonName: "localhost",
    names: ["localhost", "127.0.0.1"],
    publicKey,
  });
  const files = {
    caFile: join(directory, "ca.pem"),
    certFile: join(directory, "cert.pem"),
    keyFile: join(directory, "key.pem"),
  };
  await writeFile(files.caFile, authority.certificatePem);
  await writeFile(files.certFile, issued.certificatePem);
  await writeFile(files.keyFile, privateKeyPem, { mode: 0o600 });
  return files;
}
