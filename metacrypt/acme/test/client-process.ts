import assert from "node:assert/strict";
import { execFile, type ExecException, spawn } from "node:child_process";
import { once } from "node:events";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { connect } from "node:tls";
import type { RunningAcme } from "./running-acme.ts";

export interface Ended {
  readonly code: number;
  /** Both of its outputs. */
  readonly output: string;
}

const clientPath = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" };

const timeoutMs = 240_000;

/** Runs a client to its end, with no other environment than what is given: nothing of this machine's is used. */
export function run(
  command: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  directory = "/",
): Promise<Ended> {
  const env = { ...clientPath, ...environment };
  return new Promise((resolve) => {
    const options = { env, cwd: directory, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 };
    execFile(command, argv, options, (error: ExecException | null, stdout, stderr) => {
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

/** Starts a server that gets its own certificates. Disposing it ends it and waits.
 * @returns with what it wrote so far */
export function startDaemon(
  command: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): AsyncDisposable & { output(): string } {
  const child = spawn(command, argv, {
    env: { ...clientPath, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-200_000);
    });
  }
  const ended = once(child, "exit");
  return {
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The certificate that a server shows for a name, after it was verified. */
export async function shownCertificate(acme: RunningAcme, name: string): Promise<X509Certificate> {
  const ca = await readFile(acme.rootFile);
  const socket = connect({ host: "127.0.0.1", port: acme.tlsPort, servername: name, ca });
  try {
    await once(socket, "secureConnect");
    return new X509Certificate((socket.getPeerCertificate() as { raw: Buffer }).raw);
  } finally {
    socket.destroy();
  }
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
