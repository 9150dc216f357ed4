import assert from "node:assert/strict";
import { execFile, type ExecFileException } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { RunningAcme } from "./running-acme.ts";

export interface Ended {
  readonly code: number;
  /** Both of its outputs. */
  readonly output: string;
}

const timeoutMs = 60_000;

/** Runs a client to its end, with no other environment than what is given: nothing of this machine's is used. */
export function run(
  command: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  directory = "/",
): Promise<Ended> {
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8", ...environment };
  return new Promise((resolve) => {
    const options = { env, cwd: directory, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 };
    execFile(command, argv, options, (error: ExecFileException | null, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

/** As `run`, and it must succeed. */
export async function succeed(...parameters: Parameters<typeof run>): Promise<string> {
  const { code, output } = await run(...parameters);
  assert.equal(code, 0, `${parameters[0]} failed:\n${output}`);
  return output;
}

/** Verifies a chain as OpenSSL does it, strictly, for a name, and returns the certificate. */
export async function verified(acme: RunningAcme, file: string, name: string): Promise<X509Certificate> {
  const match = isIP(name) === 0 ? "-verify_hostname" : "-verify_ip";
  const trust = ["-x509_strict", "-CAfile", acme.rootFile, "-untrusted", file];
  await succeed("openssl", ["verify", ...trust, match, name, file]);
  return new X509Certificate(await readFile(file));
}

/** Whether the authority has it revoked, and why. */
export function revocationOf(acme: RunningAcme, certificate: X509Certificate): string | undefined {
  return acme.authority.find(certificate.serialNumber)?.revocation?.reason;
}
