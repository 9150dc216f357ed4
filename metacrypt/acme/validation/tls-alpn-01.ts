import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { isTlsCode } from "@metacircular/mcdsl/http/connection-failure.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { extensionIds } from "../../ca/der/object-identifiers.ts";
import { type DerValue, partsOf, readDer, readObjectIdentifier, sequenceParts } from "../../ca/der/read.ts";
import { octetString } from "../../ca/der/write.ts";
import { ipText } from "../../ca/ip-octets.ts";
import { type Identifier, serverNameOf } from "../identifier.ts";
import { AcmeProblem } from "../problem.ts";
import { connectable, connectionProblem } from "./connect.ts";
import { keyAuthorizationDigest, type Proof, type ValidationParts } from "./proof.ts";

const protocol = "acme-tls/1";
/** id-pe-acmeIdentifier, RFC 8737, section 3. */
const acmeIdentifierOid = "1.3.6.1.5.5.7.1.31";
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
  const extensions = readExtensions(der);
  const names = extensions.get(extensionIds.subjectAlternativeName);
  if (names === undefined || !isOnlyName(names.value, identifier)) {
    throw wrong("the certificate does not have the identifier as its only alternative name");
  }
  const extension = extensions.get(acmeIdentifierOid);
  if (extension === undefined) throw wrong("the certificate has no acmeIdentifier extension");
  if (!extension.critical) throw wrong("the acmeIdentifier extension is not critical");
  const expected = octetString(keyAuthorizationDigest(keyAuthorization));
  if (!expected.equals(extension.value)) {
    throw wrong("the acmeIdentifier extension holds another value than expected");
  }
}

interface ShownExtension {
  readonly critical: boolean;
  readonly value: Buffer;
}

function readExtensions(der: Uint8Array): Map<string, ShownExtension> {
  try {
    const [toBeSigned] = sequenceParts(readDer(der));
    const wrapped = sequenceParts(toBeSigned).find(({ tag }) => tag === 0xa3);
    const list = wrapped === undefined ? [] : sequenceParts(partsOf(wrapped)[0]);
    return new Map(list.map(readExtension));
  } catch (cause) {
    throw new AcmeProblem("tls", "the certificate cannot be read", { cause });
  }
}

function readExtension(value: DerValue): [string, ShownExtension] {
  const [id, ...rest] = sequenceParts(value);
  const flag = rest.length > 1 ? rest[0] : undefined;
  return [
    readObjectIdentifier(id),
    { critical: flag?.content[0] === 0xff, value: rest.at(-1)?.content ?? Buffer.alloc(0) },
  ];
}

function isOnlyName(value: Buffer, { type, value: expected }: Identifier): boolean {
  const [name, ...others] = sequenceParts(readDer(value));
  if (name === undefined || others.length > 0) return false;
  if (type === "dns") return name.tag === 0x82 && name.content.toString("latin1").toLowerCase() === expected;
  return name.tag === 0x87 && ipText(name.content) === expected;
}

function wrong(detail: string): AcmeProblem {
  return new AcmeProblem("incorrectResponse", detail);
}
