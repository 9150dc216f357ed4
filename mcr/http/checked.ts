import { type Digest, parseDigest } from "../digest.ts";
import { isRepositoryName, isTag } from "../names.ts";
import type { Reference } from "../registry/registry.ts";
import { manifestUnknown } from "../registry/errors.ts";
import { digestInvalid, nameInvalid, tagInvalid } from "./errors.ts";

/** @throws DetailedError REPOSITORY_NAME_INVALID */
export function requireName(name: string): string {
  if (!isRepositoryName(name)) throw nameInvalid(name);
  return name;
}

/** @throws DetailedError DIGEST_INVALID */
export function requireDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw digestInvalid(text);
  return digest;
}

/** @throws DetailedError TAG_INVALID */
export function requireTag(text: string): string {
  if (!isTag(text)) throw tagInvalid(text);
  return text;
}

/** Of what is there already: what cannot be a tag is no tag that exists.
 * @throws DetailedError DIGEST_INVALID, MANIFEST_UNKNOWN */
export function requireReference(repository: string, text: string): Reference {
  if (text.includes(":")) return requireDigest(text);
  if (!isTag(text)) throw manifestUnknown(repository, text.slice(0, 200));
  return { tag: text };
}

export function blobPath(repository: string, digest: Digest): string {
  return `/v2/${repository}/blobs/${digest}`;
}
