import type { IncomingMessage } from "node:http";
import { DetailedError } from "../errors.ts";
import { readBody } from "../rest/body.ts";

/** Of a form. */
const defaultMaxBytes = 16 * 1024;

/** Reads a form that a page of ours sent. A field given twice is an error.
 * @throws DetailedError REQUEST_INVALID, REQUEST_TOO_LARGE */
export async function readForm(
  request: IncomingMessage,
  maxBytes = defaultMaxBytes,
): Promise<ReadonlyMap<string, string>> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") throw invalid("a body that is no form");
  const fields = new Map<string, string>();
  const text = (await readBody(request, maxBytes)).toString("utf8");
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) throw invalid("a field that is given twice");
    fields.set(name, value);
  }
  return fields;
}

function invalid(found: string): DetailedError {
  return new DetailedError({
    code: "REQUEST_INVALID",
    category: "invalid-argument",
    attempted: "read the form",
    found,
    remedy: "go back, load the page again and send it again",
  });
}
