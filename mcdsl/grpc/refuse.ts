import type { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { constants, type ServerHttp2Stream } from "node:http2";

/** Ends a call without looking at its messages: headers that are trailers at once ("Trailers-Only" in gRPC
 * over HTTP/2). */
export function refuse(stream: ServerHttp2Stream, error: ConnectError): void {
  const trailers = setTrailerStatus(new Headers(), error);
  end(stream, { ":status": 200, "content-type": "application/grpc", ...Object.fromEntries(trailers) });
}

/** Ends a request that is no gRPC call. */
export function refuseHttp(stream: ServerHttp2Stream, status: number): void {
  end(stream, { ":status": status });
}

function end(stream: ServerHttp2Stream, headers: Record<string, string | number>): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  stream.respond(headers, { endStream: true });
}

/** Time for the caller to read its answer and end the call itself. */
const lingerMs = 250;

/** Makes sure that a call whose answer is complete ends: a caller that goes on sending is told to stop by a
 * reset. Else its stream would stay open for ever. */
export function endAfterAnswer(stream: ServerHttp2Stream): void {
  stream.once("finish", () => {
    if (stream.readableEnded || stream.closed) return;
    stream.resume();
    const timer = setTimeout(() => {
      // NO_ERROR would be the code (RFC 9113 section 8.1), but Node.js holds such a reset back.
      stream.close(constants.NGHTTP2_CANCEL);
    }, lingerMs);
    stream.once("close", () => {
      clearTimeout(timer);
    });
  });
}
