import type { IncomingMessage } from "node:http";
import { AcmeProblem } from "../problem.ts";

const bodyBytesMaximum = 128 * 1_024;

/** Reads the body of a signed request.
 * @throws AcmeProblem malformed: 415 for another type (RFC 8555, section 6.2), 413 when it is too large */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/jose+json") {
    throw new AcmeProblem("malformed", "the content type must be application/jose+json", { status: 415 });
  }
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not close the connection on which the answer is to be sent.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bodyBytesMaximum) {
      throw new AcmeProblem("malformed", `a request has at most ${bodyBytesMaximum} bytes`, {
        status: 413,
        headers: { connection: "close" },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
