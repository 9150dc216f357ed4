import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { messageOf } from "@metacircular/mcdsl/errors.ts";

/** A certificate that can be served: with its private key, and with the chain behind it. */
export interface Certificate {
  /** Name of its file without the extension, e.g. `hello.example.org`. */
  readonly name: string;
  /** DNS names, lower case; wildcards as `*.example.org`. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the certificate, in hexadecimal digits. */
  readonly fingerprint: string;
  /** Private key, certificate, and the rest of the chain in the order of the file. A secret. */
  readonly pem: string;
}

export type ParsedCertificate = { readonly certificate: Certificate } | { readonly problem: string };

const keyBlock = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/gu;
const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/gu;

/** Reads the content of a certificate file, or of a certificate and a key file together. The order of the blocks does
 * not matter, but of the chain behind the certificate, which is served as it stands. What is not valid any more, or
 * not yet, is told by `validityProblem`. Problems never quote the content. */
export function parseCertificate(name: string, text: string): ParsedCertificate {
  const [keyPem, ...furtherKeys] = text.match(keyBlock) ?? [];
  const blocks = text.match(certificateBlock) ?? [];
  if (keyPem === undefined) return { problem: "it has no private key" };
  if (furtherKeys.length > 0) return { problem: "it has more than one private key" };
  if (blocks.length === 0) return { problem: "it has no certificate" };
  const key = parseKey(keyPem);
  if (key === undefined) return { problem: "its private key is damaged, or needs a passphrase" };
  const chain: { block: string; parsed: X509Certificate }[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      chain.push({ block, parsed: new X509Certificate(block) });
    } catch (thrown) {
      return { problem: `certificate ${index + 1} in it is damaged: ${messageOf(thrown)}` };
    }
  }
  const leaf = chain.find(({ parsed }) => parsed.checkPrivateKey(key));
  if (leaf === undefined) return { problem: "its private key belongs to none of its certificates" };
  const names = dnsNames(leaf.parsed);
  if (names.length === 0) return { problem: "its certificate names no host (no DNS name in subjectAltName)" };
  const rest = chain.filter((entry) => entry !== leaf);
  return {
    certificate: {
      name,
      names,
      notBeforeMs: leaf.parsed.validFromDate.getTime(),
      notAfterMs: leaf.parsed.validToDate.getTime(),
      fingerprint: leaf.parsed.fingerprint256.replaceAll(":", "").toLowerCase(),
      pem: [keyPem, leaf.block, ...rest.map(({ block }) => block), ""].join("\n"),
    },
  };
}

/** Why a certificate must not be served at this time; undefined: it may be. */
export function validityProblem(
  certificate: Pick<Certificate, "notBeforeMs" | "notAfterMs">,
  nowMs: number,
): string | undefined {
  if (certificate.notAfterMs <= nowMs) return `it ended at ${time(certificate.notAfterMs)}`;
  return certificate.notBeforeMs > nowMs
    ? `it begins at ${time(certificate.notBeforeMs)} only; is the clock right?`
    : undefined;
}

function time(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/u, "Z");
}

function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    // Its message could quote the file.
    return undefined;
  }
}

/** Node.js puts values with special characters into quotes; no host name has such. */
function dnsNames(certificate: X509Certificate): string[] {
  const entries = (certificate.subjectAltName ?? "").split(", ");
  const names = entries.flatMap((entry) => /^DNS:([\w*.-]+)$/u.exec(entry)?.[1]?.toLowerCase() ?? []);
  return [...new Set(names)];
}
