import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A certificate that is its own authority. */
export interface SelfSigned {
  readonly hostnames: readonly string[];
  readonly key: string;
  readonly certificate: string;
  /** Both. */
  readonly pem: string;
}

/** Makes a certificate for host names, wildcards included, with OpenSSL. */
export function selfSigned(...hostnames: string[]): Promise<SelfSigned> {
  return selfSignedFor(2, hostnames);
}

/** The same, for a number of days from now. */
export async function selfSignedFor(days: number, hostnames: readonly string[]): Promise<SelfSigned> {
  const directory = await mkdtemp(join(tmpdir(), "mcp-test-"));
  try {
    const [keyFile, certificateFile] = [join(directory, "key"), join(directory, "certificate")];
    await promisify(execFile)("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", String(days)],
      ...[
        "-subj",
        "/CN=test",
        "-addext",
        `subjectAltName=${hostnames.map((name) => `DNS:${name}`).join(",")}`,
      ],
      ...["-keyout", keyFile, "-out", certificateFile],
    ]);
    const [key, certificate] = await Promise.all([
      readFile(keyFile, "utf8"),
      readFile(certificateFile, "utf8"),
    ]);
    return { hostnames, key, certificate, pem: key + certificate };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
