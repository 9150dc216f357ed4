import type { ByteRange } from "../blobs/blob-store.ts";

/**
 * The one part of content that a request asks for (RFC 9110, section 14). Several parts, other units and what cannot be
 * understood are as if nothing was asked: the whole is the answer.
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? "unsatisfiable" : { start: sizeBytes - length, end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  // The specification's own tests want a range that ends before it begins to be refused.
  if (start >= sizeBytes || end < start) return "unsatisfiable";
  return { start, end };
}

/** Where a chunk of an upload belongs: `<first>-<last>`, both included (section "Pushing a blob in chunks"). Some clients
 * write it as HTTP does otherwise: `bytes <first>-<last>/<all>`. */
export function parseContentRange(header: string): ByteRange | undefined {
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d{1,15}|\*))?$/.exec(header.trim());
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = Number(match[2]);
  return end < start ? undefined : { start, end };
}

/** Header `Range` of an upload: what is there. Nothing and one byte look alike, as everywhere in this protocol. */
export function uploadRange(sizeBytes: number): string {
  return `0-${Math.max(sizeBytes - 1, 0)}`;
}
