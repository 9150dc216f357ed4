import type { IncomingMessage, ServerResponse } from "node:http";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import type { BlobContent } from "../blobs/blob-store.ts";
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
  return sendContent(body.content, body.sizeBytes, response);
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

/** @throws DetailedError BLOB_DAMAGED where the store has more or less of it than was announced */
async function sendContent(
  content: BlobContent,
  sizeBytes: number,
  response: ServerResponse,
): Promise<number> {
  await using owned = content;
  let sent = 0;
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => undefined);
  const onClose = (): void => gone.reject(new ClientGone());
  response.once("close", onClose);
  try {
    for await (const piece of owned) {
      if (sent + piece.length > sizeBytes) throw damaged("more bytes", sizeBytes);
      // A piece may be used again as soon as the next is asked for: until then it has to be on its way.
      await Promise.race([written(response, piece), gone.promise]);
      sent += piece.length;
    }
    // Who waits for the rest would wait for ever.
    if (sent < sizeBytes) throw damaged(`${sent} bytes`, sizeBytes);
    await Promise.race([ended(response), gone.promise]);
  } catch (error) {
    if (!isHangUp(error)) throw error;
  } finally {
    response.off("close", onClose);
  }
  return sent;
}

function written(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}

function ended(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => void response.end(resolve));
}

function damaged(found: string, sizeBytes: number): DetailedError {
  return new DetailedError({
    code: "BLOB_DAMAGED",
    category: "internal",
    attempted: "send blob",
    found: `the store has ${found}, not ${sizeBytes}`,
    remedy: "push the image again, or restore the store from its backup",
  });
}

class ClientGone extends Error {}

const hangUpCodes = new Set(["ERR_STREAM_DESTROYED", "ECONNRESET", "EPIPE"]);

/** That a client goes away is no failure of ours. */
function isHangUp(error: unknown): boolean {
  if (error instanceof ClientGone || (error instanceof Error && error.name === "AbortError")) return true;
  return hangUpCodes.has(systemCodeOf(error));
}
