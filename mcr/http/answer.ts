import type { BlobContent } from "../blobs/blob-store.ts";

/** What is sent back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Content is gone through or disposed. Undefined: empty. */
  readonly body?: Uint8Array | { readonly content: BlobContent; readonly sizeBytes: number };
}

/** Answers that nobody may keep, because what they say changes or was said to one caller only. */
const unkept = { "cache-control": "no-store" };

export function jsonAnswer(status: number, body: unknown, headers: Answer["headers"] = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json", ...unkept, ...headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** Without a body. */
export function emptyAnswer(status: number, headers: Answer["headers"] = {}): Answer {
  return { status, headers: { ...unkept, ...headers } };
}

/** Headers of content that its digest names: it is the same for ever, for whoever may read it. */
export function contentHeaders(digest: string, mediaType: string): Answer["headers"] {
  return {
    "content-type": mediaType,
    "docker-content-digest": digest,
    etag: `"${digest}"`,
  };
}

/** By the header `If-None-Match` (RFC 9110, section 13.1.2). */
export function isKept(ifNoneMatch: string | undefined, digest: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = new Set(ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, "")));
  return tags.has("*") || tags.has(`"${digest}"`);
}
