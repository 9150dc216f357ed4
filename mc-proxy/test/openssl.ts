import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate that signs itself, made by OpenSSL. */
export interface SelfSigned {
  readonly keyPem: string;
  readonly certificatePem: string;
}

export async function selfSigned(names: readonly string[], days = 30): Promise<SelfSigned> {
  const keyFile = join(tmpdir(), `mc-proxy-test-${randomUUID()}.key`);
  const subjectAltName = names.map((name) => `DNS:${name}`).join(",");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", keyFile];
  const subject = ["-subj", "/CN=mc-proxy test", "-addext", `subjectAltName=${subjectAltName}`];
  try {
    const { stdout } = await run("openssl", ["req", "-x509", ...key, ...subject, "-days", String(days)]);
    return { keyPem: await readFile(keyFile, "utf8"), certificatePem: stdout };
  } finally {
    await rm(keyFile, { force: true });
  }
}

/** As one file. */
export function bundle({ keyPem, certificatePem }: SelfSigned): string {
  return `${keyPem}${certificatePem}`;
}
