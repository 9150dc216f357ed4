import type { IncomingMessage } from "node:http";
import { readRequestBody } from "@metacircular/mcdsl/http/read-body.ts";
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
  const body = await readRequestBody(request, MAX_BODY_BYTES);
  if (body === undefined) throw tooLarge();
  for (const [name, value] of new URLSearchParams(body.toString("utf8"))) {
    if (fields.has(name)) throw new HttpError(400, "invalid_request", "a parameter is given twice");
    fields.set(name, value);
  }
  return fields;
}

export function tooLarge(): HttpError {
  const description = `the body has more than ${MAX_BODY_BYTES} bytes`;
  return new HttpError(413, "invalid_request", description, { connection: "close" });
}
