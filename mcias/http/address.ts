import type { IncomingMessage } from "node:http";

/** Where a request comes from, by the connection itself: headers can be made up. */
export function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? "unknown";
}
