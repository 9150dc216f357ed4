import { type Answer, contentHeaders, emptyAnswer, isKept } from "./answer.ts";
import { requireDigest } from "./checked.ts";
import { rangeNotSatisfiable } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { failureAnswer } from "./failure.ts";
import { parseRange } from "./range.ts";
import type { Route } from "./route.ts";

type BlobRoute = Extract<Route, { kind: "blob" }>;

/** What a digest names never changes; who may read it is to be asked each time by caches that several share. */
const caching = { "cache-control": "private, max-age=31536000, immutable", "accept-ranges": "bytes" };

/** GET and HEAD, sections "Pulling blobs" and "Checking if content exists". Of several ranges the whole is sent. */
export async function getBlob(route: BlobRoute, exchange: Exchange): Promise<Answer> {
  const { request, registry, signal } = exchange;
  const digest = requireDigest(route.digest);
  const isHead = request.method === "HEAD";
  const { sizeBytes } = await registry.blob(route.repository, digest, isHead);
  const headers = { ...contentHeaders(digest, "application/octet-stream"), ...caching };
  if (isKept(request.headers["if-none-match"], digest)) return { status: 304, headers };
  if (isHead) return { status: 200, headers: { ...headers, "content-length": String(sizeBytes) } };
  const wanted = request.headers.range ?? "";
  const range = isStillTheSame(request.headers["if-range"], digest)
    ? parseRange(wanted, sizeBytes)
    : undefined;
  if (range === "unsatisfiable")
    return failureAnswer(rangeNotSatisfiable(wanted, sizeBytes), { "content-range": `bytes */${sizeBytes}` });
  if (range === undefined)
    return {
      status: 200,
      headers,
      body: { content: await registry.readBlob(digest, undefined, signal), sizeBytes },
    };
  const content = await registry.readBlob(digest, range, signal);
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${range.start}-${range.end}/${sizeBytes}` },
    body: { content, sizeBytes: range.end - range.start + 1 },
  };
}

/** RFC 9110, section 13.1.5: a part is good only with what the client has already. */
function isStillTheSame(ifRange: unknown, digest: string): boolean {
  return ifRange === undefined || ifRange === `"${digest}"`;
}

/** Section "Deleting Blobs". Other repositories keep it. As with every registry an image does not: the specification's
 * own tests delete blobs before what needs them. */
export async function deleteBlob(route: BlobRoute, exchange: Exchange): Promise<Answer> {
  const digest = requireDigest(route.digest);
  exchange.note({ digest });
  await exchange.registry.deleteBlob(route.repository, digest, { evenIfInUse: true });
  return emptyAnswer(202);
}
