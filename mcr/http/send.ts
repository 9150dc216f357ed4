import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Answer } from "./answer.ts";
import { drain, remainderOf } from "./request-body.ts";

/** On every answer: what clients recognise a registry by, and what keeps browsers from guessing. */
const alwaysHeaders = {
  "docker-distribution-api-version": "registry/2.0",
  "x-content-type-options": "nosniff",
};

const nothing = new Uint8Array();

/** Sends the answer; of a HEAD request without its body. What is left of the request's body is read, or the connection
 * closed. @returns how many bytes of a body were sent */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  idleTimeoutMs: number,
): Promise<number> {
  const { body } = answer;
  const remainder = remainderOf(request, response);
  // When all is sent, Node sets the timeout of a connection that is kept.
  request.socket.setTimeout(idleTimeoutMs);
  writeHead(response, answer, remainder === "drain" || remainder === "cut");
  if (body === undefined || body instanceof Uint8Array) {
    const bytes = request.method === "HEAD" || body === undefined ? nothing : body;
    if (remainder === "drain") {
      response.flushHeaders();
      response.write(bytes);
      await drain(request);
      response.end();
    } else response.end(bytes);
    if (remainder === "read") request.resume();
    return bytes.length;
  }
  return sendStream(body.source, response);
}

function writeHead(response: ServerResponse, { status, headers, body }: Answer, closes: boolean): void {
  for (const [name, value] of Object.entries({ ...alwaysHeaders, ...headers }))
    response.setHeader(name, value);
  if (status !== 204 && status !== 304 && headers["content-length"] === undefined)
    response.setHeader("content-length", lengthOf(body));
  if (closes) response.setHeader("connection", "close");
  response.writeHead(status);
}

function lengthOf(body: Answer["body"]): number {
  if (body === undefined) return 0;
  return body instanceof Uint8Array ? body.length : body.sizeBytes;
}

async function sendStream(source: Readable, response: ServerResponse): Promise<number> {
  let sent = 0;
  source.on("data", (chunk: Buffer) => (sent += chunk.length));
  try {
    await pipeline(source, response);
  } catch (error) {
    if (!isHangUp(error)) throw error;
  }
  return sent;
}

const hangUpCodes = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR", "ECONNRESET", "EPIPE"]);

/** That a client goes away is no failure of ours. */
function isHangUp(error: unknown): boolean {
  return error instanceof Error && "code" in error && hangUpCodes.has(String(error.code));
}
