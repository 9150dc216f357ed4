import { digestOf } from "./client/digest.ts";

/** What a digest can be made with. Both are required by the OCI image specification 1.1, section "Registered
 * algorithms". */
export type DigestAlgorithm = "sha256" | "sha512";

/** Names content by its hash: `sha256:` or `sha512:` and hexadecimal digits. Only `parseDigest` and `formatDigest`
 * make one, so it is safe in a path. */
export type Digest = `${DigestAlgorithm}:${string}` & { readonly [checked]: true };
declare const checked: unique symbol;

/** Undefined where the text is no digest of an algorithm that is supported. */
export function parseDigest(text: string): Digest | undefined {
  return digestOf(text) as Digest | undefined;
}

export function formatDigest(algorithm: DigestAlgorithm, hex: string): Digest {
  const digest = parseDigest(`${algorithm}:${hex}`);
  if (digest === undefined) throw new TypeError(`not a digest: ${algorithm}:${hex}`);
  return digest;
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha256:") ? "sha256" : "sha512";
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}
