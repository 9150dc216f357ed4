import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import type { SeenCertificate } from "@metacircular/mcp-core/edge/edge-input.ts";

/** The proxy's certificates: a file for each host name, with the private key, the certificate and its chain. */
export interface CertificateFiles {
  readonly directory: string;
  /** Undefined: there is none, or one that is of no use for this host name. */
  read(hostname: string): Promise<SeenCertificate | undefined>;
  /** Replaces it as a whole; only its owner may read it. */
  write(hostname: string, pem: { readonly key: string; readonly chain: string }): Promise<void>;
  remove(hostname: string): Promise<void>;
}

export function createCertificateFiles(directory: string): CertificateFiles {
  const pathOf = (hostname: string) => join(directory, `${hostname}.pem`);
  return {
    directory,
    async read(hostname) {
      const pem = await readFile(pathOf(hostname), "utf8").catch(() => "");
      return seen(pem, hostname);
    },
    async write(hostname, { key, chain }) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFileAtomic(pathOf(hostname), `${key.trimEnd()}\n${chain.trimEnd()}\n`, { mode: 0o600 });
    },
    remove: (hostname) => rm(pathOf(hostname), { force: true }),
  };
}

function seen(pem: string, hostname: string): SeenCertificate | undefined {
  try {
    const certificate = new X509Certificate(pem);
    if (!certificate.checkPrivateKey(createPrivateKey(pem))) return undefined;
    if (certificate.checkHost(hostname, { wildcards: true }) === undefined) return undefined;
    return {
      notBeforeMs: certificate.validFromDate.getTime(),
      notAfterMs: certificate.validToDate.getTime(),
    };
  } catch {
    // What is not a certificate with its key is replaced.
    return undefined;
  }
}
