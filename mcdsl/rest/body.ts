import type { JsonValue } from "@bufbuild/protobuf";
import type { IncomingMessage } from "node:http";
import { DetailedError } from "../errors.ts";
import { readRequestBody } from "../http/read-body.ts";

/** Reads the JSON body of a request; undefined where there is none.
 * @throws DetailedError REQUEST_INVALID, REQUEST_TOO_LARGE */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<JsonValue | undefined> {
  const text = (await readBody(request, maxBytes)).toString("utf8");
  if (text.trim() === "") return undefined;
  if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
    throw invalid("a body that does not say that it is JSON", "send content-type: application/json");
  }
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw invalid("a body that is not JSON", "correct it", cause);
  }
}

/** Reads the body of a request.
 * @throws DetailedError REQUEST_TOO_LARGE */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const body = await readRequestBody(request, maxBytes);
  if (body === undefined) throw tooLarge(maxBytes);
  return body;
}

function invalid(found: string, remedy: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "REQUEST_INVALID",
    category: "invalid-argument",
    attempted: "read the request",
    found,
    remedy,
    cause,
  });
}

function tooLarge(maxBytes: number): DetailedError {
  return new DetailedError({
    code: "REQUEST_TOO_LARGE",
    category: "invalid-argument",
    attempted: "read the request",
    found: `its body is larger than ${maxBytes} bytes`,
    remedy: "send less at once",
  });
}
