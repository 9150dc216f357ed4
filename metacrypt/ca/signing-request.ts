import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { readExtensions } from "./certificate.ts";
import { extensionIds, extensionRequestId, subjectFieldIds } from "./der/object-identifiers.ts";
import {
  onlyMember,
  partsOf,
  readBitString,
  readDer,
  readObjectIdentifier,
  sequenceParts,
  type DerValue,
} from "./der/read.ts";
import { integer, sequence, tagged } from "./der/write.ts";
import { ipText } from "./ip-octets.ts";
import { checkPublicKey } from "./public-key.ts";
import { distinguishedName } from "./sign.ts";
import { signed } from "./signature.ts";
import type { SubjectFields } from "./template.ts";

/** What a certificate signing request (PKCS #10, RFC 2986) asks for, of what an authority considers at all: usages,
 * lifetimes and the like are the profile's to say. */
export interface SigningRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Empty: none. */
  readonly commonName: string;
  /** The alternative names, without the common name. */
  readonly names: readonly string[];
  /** Ids of all extensions that it asks for. */
  readonly extensions: readonly string[];
}

/** Hash functions by the object identifiers of signatures; others (SHA-1 above all) are refused. `null`: the algorithm
 * has its own. */
const hashes: Readonly<Record<string, string | null>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.3.101.112": null,
};

/** Reads a request and checks that whoever signed it has the key.
 * @param encoded DER
 * @param options.authority it may ask to become an authority
 * @throws DetailedError `DER_INVALID`, `SIGNING_REQUEST_INVALID`, `CERTIFICATE_KEY_REFUSED` */
export function readSigningRequest(
  encoded: Uint8Array,
  options: { readonly authority?: boolean } = {},
): SigningRequest {
  const [information, algorithm, signature] = sequenceParts(readDer(encoded));
  const [, subject, publicKey, attributes] = sequenceParts(information);
  if (information === undefined || publicKey === undefined) throw invalid("parts are missing");
  checkPublicKey(publicKey.raw);
  const key = createPublicKey({ key: publicKey.raw, type: "spki", format: "der" });
  checkSignature(information.raw, algorithm, readBitString(signature), key);
  const extensions = requestedExtensions(attributes);
  if (options.authority !== true) checkNoAuthority(extensions);
  return {
    publicKey: publicKey.raw,
    commonName: commonNameOf(subject),
    names: alternativeNames(extensions.get(extensionIds.subjectAlternativeName)),
    extensions: [...extensions.keys()],
  };
}

/** A request for a key of our own, to be signed by somebody else. */
export function writeSigningRequest(
  subject: SubjectFields,
  publicKey: Uint8Array,
  privateKey: KeyObject,
): Promise<Buffer> {
  return signed(sequence(integer(0), distinguishedName(subject), publicKey, tagged(0xa0)), privateKey);
}

function checkSignature(
  data: Buffer,
  algorithm: DerValue | undefined,
  signature: Buffer,
  key: KeyObject,
): void {
  const id = readObjectIdentifier(sequenceParts(algorithm)[0]);
  const hash = hashes[id];
  if (hash === undefined) throw invalid(`a signature by algorithm ${id}`);
  if (!verifies(hash, data, key, signature)) throw invalid("a signature that its own key did not make");
}

function verifies(hash: string | null, data: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(hash, data, key, signature);
  } catch (thrown) {
    throw invalid("a signature that does not fit its key", thrown);
  }
}

function requestedExtensions(attributes: DerValue | undefined): Map<string, Buffer> {
  if (attributes?.tag !== 0xa0) return new Map();
  for (const attribute of partsOf(attributes)) {
    const [id, values] = sequenceParts(attribute);
    if (readObjectIdentifier(id) === extensionRequestId) return readExtensions(onlyMember(values));
  }
  return new Map();
}

/** A request that wants to become an authority is a mistake to tell, rather than to answer with something else. */
function checkNoAuthority(extensions: Map<string, Buffer>): void {
  const value = extensions.get(extensionIds.basicConstraints);
  if (value === undefined) return;
  const [flag] = sequenceParts(readDer(value));
  if (flag?.tag === 0x01 && flag.content[0] !== 0) throw invalid("a wish to be an authority");
}

function commonNameOf(subject: DerValue | undefined): string {
  const fields = sequenceParts(subject).flatMap((set) => partsOf(set).map((each) => sequenceParts(each)));
  const [, value] = fields.findLast(([id]) => readObjectIdentifier(id) === subjectFieldIds.commonName) ?? [];
  if (value === undefined) return "";
  return value.tag === 0x1e ? utf16(value.content) : value.content.toString("utf8");
}

function utf16(content: Buffer): string {
  return content.length % 2 === 0 ? Buffer.from(content).swap16().toString("utf16le") : "";
}

function alternativeNames(value: Buffer | undefined): string[] {
  if (value === undefined) return [];
  return sequenceParts(readDer(value)).map(({ tag, content }) => {
    if (tag === 0x81 || tag === 0x82 || tag === 0x86) return content.toString("latin1");
    if (tag === 0x87 && (content.length === 4 || content.length === 16)) return ipText(content);
    throw invalid(`an alternative name of tag ${tag}`);
  });
}

function invalid(found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "SIGNING_REQUEST_INVALID",
    category: "invalid-argument",
    attempted: "read the signing request",
    found,
    remedy: "make a new request, for instance with openssl req -new, signed with SHA-256 or better",
    cause,
  });
}
