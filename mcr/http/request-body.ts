import type { IncomingMessage, ServerResponse } from "node:http";
import { manifestTooLarge } from "../manifest/errors.ts";
import { tooBusy } from "./errors.ts";

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (bodyLength(headers) ?? 0) > 0;
}

/** Undefined: the request does not say (it is sent in pieces, or has none). */
export function bodyLength(headers: IncomingMessage["headers"]): number | undefined {
  const length = headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

/** Tells a client that waits for it (`Expect: 100-continue`) to send its body: it is welcome. */
export function invite(request: IncomingMessage, response: ServerResponse): void {
  if (isWaiting(request, response)) response.writeContinue();
  // Node remembers no more than that the client asked.
  delete request.headers.expect;
}

function isWaiting({ headers }: IncomingMessage, { headersSent }: ServerResponse): boolean {
  return !headersSent && /^100-continue$/i.test(headers.expect ?? "");
}

/** Ends the connection of who neither sends nor takes anything for so long, while `work` depends on them. */
export async function withIdleLimit<Result>(
  { socket }: IncomingMessage,
  idleTimeoutMs: number,
  work: () => Promise<Result>,
): Promise<Result> {
  socket.setTimeout(idleTimeoutMs);
  try {
    return await work();
  } finally {
    socket.setTimeout(0);
  }
}

/** Of what may be in memory at once: who sends slowly must not be able to keep everybody else from pushing. */
const callerShare = 1 / 4;

/** Reads a body that has to be in memory. `by` is the name of who sends it. */
export type ReadManifest = (request: IncomingMessage, by: string) => Promise<Buffer>;

/** Reads bodies that have to be in memory: manifests. All of those that are on their way share a bound, of which each
 * account has a part. */
export function createManifestReader(limits: {
  readonly maxBytes: number;
  readonly maxBytesAtOnce: number;
}): ReadManifest {
  const { maxBytes, maxBytesAtOnce } = limits;
  let bytesAtOnce = 0;
  const bytesOf = new Map<string, number>();
  const count = (by: string, bytes: number): void => {
    bytesAtOnce += bytes;
    const all = (bytesOf.get(by) ?? 0) + bytes;
    if (all === 0) bytesOf.delete(by);
    else bytesOf.set(by, all);
  };
  const isTooMuch = (by: string): boolean =>
    bytesAtOnce > maxBytesAtOnce || (bytesOf.get(by) ?? 0) > maxBytesAtOnce * callerShare;
  return async (request, by) => {
    if ((bodyLength(request.headers) ?? 0) > maxBytes) throw manifestTooLarge(maxBytes);
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    try {
      // Leaving the loop must not close the connection on which the answer is to be sent.
      const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
      for await (const chunk of body) {
        sizeBytes += chunk.length;
        count(by, chunk.length);
        if (sizeBytes > maxBytes) throw manifestTooLarge(maxBytes);
        if (isTooMuch(by)) throw tooBusy("take the manifest");
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } finally {
      count(by, -sizeBytes);
    }
  };
}

/** What is to be done with a body that nobody read, when the answer is sent. */
export type Remainder = "none" | "read" | "drain" | "cut";

/** So much is read only to keep the connection. */
const keepConnectionBytes = 256 * 1024;

/** @returns `read`: the rest is small, and the connection goes on; `drain`: the client has to see the answer before the
 * connection is closed, so something is read of what it goes on sending; `cut`: it waits and sends nothing */
export function remainderOf(request: IncomingMessage, response: ServerResponse): Remainder {
  if (!hasBody(request) || request.complete) return "none";
  if (isWaiting(request, response)) return "cut";
  const length = bodyLength(request.headers);
  return length !== undefined && length <= keepConnectionBytes ? "read" : "drain";
}

const drainBytes = 32 * 1024 * 1024;
const drainMs = 5_000;

/** Reads and drops until the body ends, or within limits. A connection that is closed while its client sends is reset,
 * and then many clients report that instead of the answer. */
export async function drain(request: IncomingMessage): Promise<void> {
  const done = Promise.withResolvers<void>();
  let left = drainBytes;
  const timer = setTimeout(done.resolve, drainMs);
  request.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left <= 0) done.resolve();
  });
  request
    .once("end", done.resolve)
    .once("close", done.resolve)
    .once("error", () => done.resolve());
  await done.promise;
  clearTimeout(timer);
  request.pause();
}
