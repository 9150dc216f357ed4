import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { EngineCertificate } from "../engine/desired-state.ts";
import type { Paths } from "./paths.ts";
import { longestCommandBytes } from "./runtime-socket.ts";

/** A certificate as HAProxy holds it. */
export interface CertificateFile {
  /** Changes with the host names, so that a new list of names is in use before the old one is taken away. */
  readonly path: string;
  readonly hostnames: readonly string[];
  /** Of the first certificate: SHA-1 in upper-case hexadecimal, as HAProxy shows it. */
  readonly fingerprint: string;
  /** Private key and chain, without empty lines. */
  readonly pem: string;
  /** What it was made from. */
  readonly source: EngineCertificate;
}

/** What HAProxy is to hold of a certificate; a sentence: it cannot be used. */
export function certificateFile(certificate: EngineCertificate, paths: Paths): CertificateFile | string {
  const blocks = certificate.pem.match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g) ?? [];
  const key = blocks.find((block) => block.includes("PRIVATE KEY"));
  const chain = blocks.filter((block) => block.startsWith("-----BEGIN CERTIFICATE-----"));
  const first = chain[0];
  if (key === undefined || first === undefined) return "it is not a private key and a certificate in PEM";
  try {
    const leaf = new X509Certificate(first);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return "its private key belongs to another certificate";
    const hostnames = [...new Set(certificate.hostnames)].toSorted();
    const pem = `${[key, ...chain].join("\n").replaceAll(/\r?\n\s*/g, "\n")}\n`;
    if (pem.length > longestCommandBytes - 400) return "it has more than 14 KiB";
    const fingerprint = leaf.fingerprint.replaceAll(":", "");
    return {
      path: pathOf(certificate.name, hostnames, paths),
      hostnames,
      fingerprint,
      pem,
      source: certificate,
    };
  } catch (thrown) {
    return `it cannot be read: ${messageOf(thrown)}`;
  }
}

/** A line of the list of certificates. */
export function certificateListLine({
  path,
  hostnames,
}: Pick<CertificateFile, "path" | "hostnames">): string {
  return `${path} ${hostnames.join(" ")}`;
}

function pathOf(name: string, hostnames: readonly string[], paths: Paths): string {
  const digest = createHash("sha256").update(hostnames.join(" ")).digest("hex").slice(0, 8);
  return paths.certificate(`${name.replaceAll("*", "_")}.${digest}`);
}
