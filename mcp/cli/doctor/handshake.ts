import { X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { checkServerIdentity, connect, rootCertificates } from "node:tls";

import { parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** What a node showed when a connection was made, whether or not it is to be trusted. */
export interface Handshake {
  readonly addresses: readonly string[];
  readonly protocol: string;
  /** Code of why our authorities do not vouch for it; empty: they do. */
  readonly distrust: string;
  /** Why the certificate is not for the expected name; empty: it is. */
  readonly wrongName: string;
  readonly issuer: string;
  readonly names: string;
  readonly validFromMs: number;
  readonly validToMs: number;
}

const timeoutMs = 5_000;
/** Judged on their own. */
const otherReasons = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID", "ERR_TLS_CERT_ALTNAME_INVALID"]);

/** Connects and looks, without sending anything. Rejects with the system's error where no connection comes about. */
export async function shakeHands(
  node: { readonly address: string; readonly serverName: string | undefined },
  caFile: string | undefined,
  signal: AbortSignal,
): Promise<Handshake> {
  const { host, port } = parseHostAndPort(node.address) ?? { host: node.address, port: 0 };
  const expected = node.serverName ?? host;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const addresses = await Promise.race([lookup(host, { all: true }), whenAborted(limit)]);
  const ca = caFile === undefined ? [...rootCertificates] : [await readFile(caFile, "utf8")];
  const socket = connect({
    host,
    port,
    ca,
    ...(isIP(expected) === 0 ? { servername: expected } : {}),
    ALPNProtocols: ["h2"],
    // To see what is there, and to say what is wrong with it.
    minVersion: "TLSv1.2",
    rejectUnauthorized: false,
  });
  try {
    await once(socket, "secureConnect", { signal: limit });
    const certificate = new X509Certificate(socket.getPeerX509Certificate()?.raw ?? "");
    // An Error by the types, a code in fact.
    const distrust = socket.authorized ? "" : codeOf(socket.authorizationError);
    return {
      addresses: addresses.map(({ address }) => address),
      protocol: socket.getProtocol() ?? "",
      distrust: otherReasons.has(distrust) ? "" : distrust,
      wrongName: checkServerIdentity(expected, certificate.toLegacyObject())?.message ?? "",
      issuer: certificate.issuer.replaceAll("\n", ", "),
      names: certificate.subjectAltName ?? "",
      validFromMs: certificate.validFromDate.getTime(),
      validToMs: certificate.validToDate.getTime(),
    };
  } finally {
    socket.destroy();
  }
}

/** A question to the name service cannot be taken back; it ends by itself. */
async function whenAborted(signal: AbortSignal): Promise<never> {
  await once(signal, "abort");
  throw new DOMException("no answer of the name service", "AbortError");
}

function codeOf(reason: unknown): string {
  return systemCodeOf(reason) || String(reason);
}
