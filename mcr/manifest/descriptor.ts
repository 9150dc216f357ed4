import { createHash } from "node:crypto";
import { type Digest, algorithmOf, hexOf, parseDigest } from "../digest.ts";
import { manifestInvalid } from "./errors.ts";

/** How a manifest names content (OCI image specification 1.1, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Whether it says from where else it can be fetched. */
  readonly hasUrls: boolean;
}

export type JsonObject = Readonly<Record<string, unknown>>;

const fields = ["mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform"];

/** Wider than RFC 6838, section 4.2: clients send types with parameters. */
const mediaTypePattern = /^[\x21-\x7e][\x20-\x7e]{0,254}$/;

export function isMediaType(value: unknown): value is string {
  return typeof value === "string" && mediaTypePattern.test(value);
}

/** @param place where in the manifest it stands, e.g. `layers[2]`
 * @throws DetailedError MANIFEST_INVALID */
export function parseDescriptor(value: unknown, place: string): Descriptor {
  const object = requireObject(value, place, fields);
  const { mediaType, digest: digestText, size, urls, data } = object;
  if (!isMediaType(mediaType)) throw manifestInvalid(`${place}.mediaType is no media type`);
  const digest = typeof digestText === "string" ? parseDigest(digestText) : undefined;
  if (digest === undefined) throw manifestInvalid(`${place}.digest is no sha256 or sha512 digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw manifestInvalid(`${place}.size is no size`);
  if (data !== undefined) requireData(data, { digest, size }, place);
  return { mediaType, digest, sizeBytes: size, hasUrls: Array.isArray(urls) && urls.length > 0 };
}

/** Programs written in Go take a key for another that differs in case only; whoever reads by one rule must see the same
 * as who reads by the other. */
export function requireObject(value: unknown, place: string, known: readonly string[]): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw manifestInvalid(`${place} is no object`);
  const object = value as JsonObject;
  for (const key of Object.keys(object)) {
    if (known.includes(key)) continue;
    const meant = known.find((name) => name.length === key.length && folded(name) === folded(key));
    if (meant !== undefined) throw manifestInvalid(`${place} has the key ${key}, which is written ${meant}`);
  }
  return object;
}

/** As Go does, for which `\u017f` is an `s` and `\u212a` a `k`. */
function folded(key: string): string {
  return key.toUpperCase().toLowerCase();
}

export function parseAnnotations(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const annotations = requireObject(value, "annotations", []);
  if (!Object.values(annotations).every((text) => typeof text === "string"))
    throw manifestInvalid("annotations holds something else than strings");
  return annotations as Readonly<Record<string, string>>;
}

/** Embedded content has to be what its descriptor says. */
function requireData(data: unknown, content: { digest: Digest; size: number }, place: string): void {
  if (typeof data !== "string") throw manifestInvalid(`${place}.data is no text`);
  const bytes = Buffer.from(data, "base64");
  const hex = createHash(algorithmOf(content.digest)).update(bytes).digest("hex");
  if (bytes.length !== content.size || hex !== hexOf(content.digest))
    throw manifestInvalid(`${place}.data is not the content that ${place}.digest and ${place}.size name`);
}
