import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { isTlsCode, systemCodeOf } from "@metacircular/mcdsl/http/connection-failure.ts";
import { SubjectAlternativeNameExtension, X509Certificate } from "@peculiar/x509";
import { canonicalIp, type Identifier, serverNameOf } from "../identifier.ts";
import { AcmeProblem } from "../problem.ts";
import { connectable, connectionProblem } from "./connect.ts";
import { keyAuthorizationDigest, type Proof, type ValidationParts } from "./proof.ts";

const protocol = "acme-tls/1";
/** id-pe-acmeIdentifier, RFC 8737, section 3. */
const acmeIdentifierOid = "1.3.6.1.5.5.7.1.31";
const octetString = { tag: 0x04, length: 32 };
const addressesMaximum = 4;

/** Looks into the certificate that is shown for the protocol `acme-tls/1` (RFC 8737; RFC 8738, section 6).
 * @throws AcmeProblem dns, connection, tls, incorrectResponse */
export async function validateTlsAlpn01(proof: Proof, parts: ValidationParts): Promise<void> {
  const addresses = await connectable(proof.identifier, parts);
  let failure: unknown;
  for (const address of addresses.slice(0, addressesMaximum)) {
    try {
      const certificate = await shownCertificate(address, proof.identifier, parts);
      return checkCertificate(certificate, proof);
    } catch (thrown) {
      parts.signal.throwIfAborted();
      failure = thrown;
    }
  }
  const where = `${proof.identifier.value}, port ${parts.config.tls_port}`;
  throw connectionProblem(isTlsCode(systemCodeOf(failure)) ? "tls" : "connection", where, failure);
}

async function shownCertificate(
  address: string,
  identifier: Identifier,
  { config, signal }: ValidationParts,
): Promise<Buffer> {
  const socket: TLSSocket = connect({
    host: address,
    port: config.tls_port,
    servername: serverNameOf(identifier),
    ALPNProtocols: [protocol],
    minVersion: "TLSv1.2",
    // The certificate is judged below: it proves control, not identity.
    rejectUnauthorized: false,
  });
  // Whoever ends the connection afterwards doesn't matter any more.
  socket.on("error", () => undefined);
  try {
    await once(socket, "secureConnect", { signal });
    if (socket.alpnProtocol !== protocol) {
      throw new AcmeProblem("unauthorized", `${identifier.value} does not speak ${protocol}`);
    }
    const { raw } = socket.getPeerCertificate() as { raw?: Buffer };
    if (raw === undefined) throw new AcmeProblem("tls", "no certificate was shown");
    return raw;
  } finally {
    socket.destroy();
  }
}

/** RFC 8737, section 3: exactly the identifier as its only alternative name, and the digest of the key authorisation
 * in a critical extension. */
export function checkCertificate(der: Uint8Array, { identifier, keyAuthorization }: Proof): void {
  const wrong = (detail: string): AcmeProblem => new AcmeProblem("incorrectResponse", detail);
  const certificate = new X509Certificate(Buffer.from(der));
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const [name] = names;
  const value = identifier.type === "ip" ? canonicalIp(name?.value ?? "") : name?.value.toLowerCase();
  if (names.length !== 1 || name?.type !== identifier.type || value !== identifier.value) {
    throw wrong("the certificate does not have the identifier as its only alternative name");
  }
  const extension = certificate.getExtension(acmeIdentifierOid);
  if (extension === null) throw wrong("the certificate has no acmeIdentifier extension");
  if (!extension.critical) throw wrong("the acmeIdentifier extension is not critical");
  const expected = Buffer.concat([
    Buffer.of(octetString.tag, octetString.length),
    keyAuthorizationDigest(keyAuthorization),
  ]);
  if (!expected.equals(Buffer.from(extension.value))) {
    throw wrong("the acmeIdentifier extension holds another value than expected");
  }
}
