import type { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { constants, type ServerHttp2Stream } from "node:http2";

/** Ends a call without looking at its messages: headers that are trailers at once ("Trailers-Only" in gRPC
 * over HTTP/2), and the request for the caller to stop sending. */
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
  stream.close(constants.NGHTTP2_NO_ERROR);
}
