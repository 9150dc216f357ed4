import type { IncomingMessage } from "node:http";
import { HttpError } from "./http-error.ts";

export const MAX_BODY_BYTES = 16 * 1024;

/**
 * Reads a form. A parameter given twice is an error (RFC 6749 section 3.2).
 * @throws HttpError 400, 413, 415
 */
export async function readForm(request: IncomingMessage): Promise<ReadonlyMap<string, string>> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") {
    throw new HttpError(415, "invalid_request", "the body must be application/x-www-form-urlencoded");
  }
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(await readText(request))) {
    if (fields.has(name)) throw new HttpError(400, "invalid_request", "a parameter is given twice");
    fields.set(name, value);
  }
  return fields;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

export function tooLarge(): HttpError {
  const description = `the body has more than ${MAX_BODY_BYTES} bytes`;
  return new HttpError(413, "invalid_request", description, { connection: "close" });
}
