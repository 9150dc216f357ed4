import type { IncomingMessage } from "node:http";
import { readRequestBody } from "@metacircular/mcdsl/http/read-body.ts";
import { AcmeProblem } from "../problem.ts";

const bodyBytesMaximum = 128 * 1_024;

/** Reads the body of a signed request.
 * @throws AcmeProblem malformed: 415 for another type (RFC 8555, section 6.2), 413 when it is too large */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/jose+json") {
    throw new AcmeProblem("malformed", "the content type must be application/jose+json", { status: 415 });
  }
  const body = await readRequestBody(request, bodyBytesMaximum);
  if (body !== undefined) return body;
  throw new AcmeProblem("malformed", `a request has at most ${bodyBytesMaximum} bytes`, {
    status: 413,
    headers: { connection: "close" },
  });
}
