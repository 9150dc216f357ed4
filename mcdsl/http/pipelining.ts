import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Bounds how many requests a client may send on a connection without waiting for their answers (RFC 9112, section 9.3.2).
 * Node.js parses all that a packet holds and starts each of them: a thousand from 30 kB, for whoever connects.
 * @returns whether the request may be served; where not, its connection is closed */
export function createPipeliningBound(
  maxInProgress: number,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const inProgress = new WeakMap<Socket, number>();
  return ({ socket }, response) => {
    const count = inProgress.get(socket) ?? 0;
    if (socket.destroyed) return false;
    if (count >= maxInProgress) {
      socket.destroy();
      return false;
    }
    inProgress.set(socket, count + 1);
    response.once("close", () => inProgress.set(socket, (inProgress.get(socket) ?? 1) - 1));
    return true;
  };
}
