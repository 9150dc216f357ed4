import type { JsonValue } from "@bufbuild/protobuf";
import type { ServerResponse } from "node:http";
import type { DetailedError, ErrorCategory } from "../errors.ts";

const statusByCategory: Readonly<Record<ErrorCategory, number>> = {
  "invalid-argument": 400,
  unauthenticated: 401,
  "permission-denied": 403,
  "not-found": 404,
  "already-exists": 409,
  "failed-precondition": 409,
  aborted: 409,
  "resource-exhausted": 429,
  cancelled: 499,
  internal: 500,
  unavailable: 503,
  "deadline-exceeded": 504,
};

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
