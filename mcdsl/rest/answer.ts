import type { JsonValue } from "@bufbuild/protobuf";
import type { ServerResponse } from "node:http";
import type { DetailedError } from "../errors.ts";
import { statusByCategory } from "../http/failure-status.ts";

/** For callers that were told to come back. */
const retryAfterS = 5;

/** Sends JSON that nobody may keep. */
export function sendJson(response: ServerResponse, status: number, body: JsonValue): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
}

/** Sends a failure: its status by category, and `{"error": {code, attempted, subject, found, remedy, facts}}`. */
export function sendFailure(response: ServerResponse, error: DetailedError, status?: number): void {
  const { code, attempted, subject, found, remedy, facts, output, category } = error;
  if (category === "unauthenticated") response.setHeader("www-authenticate", "Bearer");
  if (category === "unavailable") response.setHeader("retry-after", retryAfterS);
  sendJson(response, status ?? statusByCategory[category], {
    error: { code, attempted, subject, found, remedy, facts: { ...facts }, output: [...output] },
  });
}
