import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ServerLayout, StateLayout } from "../store/layout.ts";
import { readIfPresent } from "../store/read-if-present.ts";

/** Names under which the programs of one machine reach each other. */
const names = ["localhost", "127.0.0.1", "::1"];

/** A certificate is replaced when less than this part of its lifetime is left. */
const renewalPart = 1 / 3;

/** Makes sure that the authority exists and that all servers have certificates that will be valid for a while.
 * @returns the servers whose certificate was (re)issued */
export async function ensureCertificates(layout: StateLayout, clock: Clock): Promise<string[]> {
  const servers = {
    mcias: layout.identity,
    metacrypt: layout.metacrypt,
    mcns: layout.nameServer,
    mcr: layout.registry,
    "mcp-agent": layout.agent,
  };
  const root = await readCertificate(layout.authorityCertificate);
  const issued: string[] = [];
  for (const [name, server] of Object.entries(servers)) {
    if (root !== undefined && (await isGood(server, root, clock.now()))) continue;
    await issue(layout, server, clock);
    issued.push(name);
  }
  return issued;
}

async function issue(layout: StateLayout, server: ServerLayout, clock: Clock): Promise<void> {
  // Loading the libraries for certificates takes longer than everything else in a start without news.
  const [{ CertificateAuthority }, { fileStore }, { generateKeyPair }, { profiles }] = await Promise.all([
    import("@metacircular/metacrypt/ca/authority.ts"),
    import("@metacircular/metacrypt/ca/file-store.ts"),
    import("@metacircular/metacrypt/ca/key-pair.ts"),
    import("@metacircular/metacrypt/ca/profile.ts"),
  ]);
  const store = fileStore(layout.authority);
  const authority = await CertificateAuthority.open({
    store,
    clock,
    commonName: "Metacircular one-machine root",
  });
  const { privateKeyPem, publicKey } = generateKeyPair();
  const { certificatePem } = await authority.issue(profiles.server, { names, publicKey });
  await writeFileAtomic(server.key, privateKeyPem, { mode: 0o600 });
  await writeFileAtomic(server.certificate, certificatePem, { mode: 0o644 });
}

async function isGood(server: ServerLayout, root: X509Certificate, nowMs: number): Promise<boolean> {
  const certificate = await readCertificate(server.certificate);
  const key = await readIfPresent(server.key);
  if (certificate === undefined || key === undefined) return false;
  const start = certificate.validFromDate.getTime();
  const end = certificate.validToDate.getTime();
  return (
    certificate.checkPrivateKey(createPrivateKey(key)) &&
    certificate.verify(root.publicKey) &&
    names.every((name) => (certificate.checkHost(name) ?? certificate.checkIP(name)) !== undefined) &&
    nowMs >= start &&
    end - nowMs > (end - start) * renewalPart
  );
}

async function readCertificate(path: string): Promise<X509Certificate | undefined> {
  const pem = await readIfPresent(path);
  return pem === undefined ? undefined : new X509Certificate(pem);
}
