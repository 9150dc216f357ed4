import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { bitString, der, objectIdentifier, tags } from "./der.ts";

const extensionRequest = "1.2.840.113549.1.9.14";
const subjectAltName = "2.5.29.17";
const ecdsaWithSha256 = "1.2.840.10045.4.3.2";
const version1 = der(tags.integer, Buffer.from([0]));
/** Context-specific tags: attributes of the request, and a DNS name in a subject alternative name. */
const attributesTag = 0xa0;
const dnsNameTag = 0x82;

/** A request (PKCS #10, RFC 2986) in DER for a certificate with one DNS name and no subject, as RFC 8555, section 7.4,
 * wants it.
 * @param privateKey an ECDSA key */
export function certificateRequest(hostname: string, privateKey: KeyObject): Buffer {
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const names = der(tags.sequence, der(dnsNameTag, Buffer.from(hostname, "ascii")));
  const extension = der(tags.sequence, objectIdentifier(subjectAltName), der(tags.octetString, names));
  const attribute = der(
    tags.sequence,
    objectIdentifier(extensionRequest),
    der(tags.set, der(tags.sequence, extension)),
  );
  const subject = der(tags.sequence);
  const info = der(tags.sequence, version1, subject, publicKey, der(attributesTag, attribute));
  const algorithm = der(tags.sequence, objectIdentifier(ecdsaWithSha256));
  return der(tags.sequence, info, algorithm, bitString(sign("sha256", info, privateKey)));
}
