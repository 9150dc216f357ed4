import type { IncomingMessage } from "node:http";

/** All of the body that a client sends. Where it is too large the connection stays, so that the answer can be sent; what
 * is left of the body is still to be read.
 * @returns undefined where it has more than `maxBytes` */
export function readRequestBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return readWithin(maxBytes, request.iterator({ destroyOnReturn: false }));
}

/** All of the body that a server sends. Where it is too large its connection is closed.
 * @returns undefined where it has more than `maxBytes` */
export function readResponseBody(response: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return readWithin(maxBytes, response);
}

async function readWithin(maxBytes: number, body: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
