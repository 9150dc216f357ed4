import { createPrivateKey, X509Certificate } from "node:crypto";
import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import type { SeenCertificate } from "@metacircular/mcp-core/edge/edge-input.ts";

/** The proxy's certificates: a file for each host name, with the private key, the certificate and its chain. */
export interface CertificateFiles {
  readonly directory: string;
  /** Undefined: there is none, or one that is of no use for this host name. */
  read(hostname: string): Promise<SeenCertificate | undefined>;
  /** Replaces it as a whole; only its owner may read it. What somebody else had put there is kept beside it, with
   * `.kept` at the end of its name. */
  write(hostname: string, pem: { readonly key: string; readonly chain: string }): Promise<void>;
  /** What somebody else has put there stays. */
  remove(hostname: string): Promise<void>;
}

/** Begins every file that the agent writes. Whoever reads PEM skips it (RFC 7468, section 2). */
const mark = "# Written by mcp-agent, which renews and removes it.";

export function createCertificateFiles(directory: string): CertificateFiles {
  const pathOf = (hostname: string) => join(directory, `${hostname}.pem`);
  return {
    directory,
    async read(hostname) {
      const pem = await readFile(pathOf(hostname), "utf8").catch(() => "");
      return seen(pem, hostname);
    },
    async write(hostname, { key, chain }) {
      const path = pathOf(hostname);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      if ((await ownerOf(path)) === "somebody") await copyFile(path, `${path}.kept`);
      await writeFileAtomic(path, `${mark}\n${key.trimEnd()}\n${chain.trimEnd()}\n`, { mode: 0o600 });
    },
    async remove(hostname) {
      const path = pathOf(hostname);
      if ((await ownerOf(path)) === "agent") await rm(path, { force: true });
    },
  };
}

async function ownerOf(path: string): Promise<"agent" | "somebody" | "nobody"> {
  try {
    return (await readFile(path, "utf8")).startsWith(mark) ? "agent" : "somebody";
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ENOENT") return "nobody";
    throw thrown;
  }
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
