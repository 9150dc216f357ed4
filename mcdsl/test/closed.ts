import type { Socket } from "node:net";

/** Resolves when the connection is closed, also where it was reset: `once` would reject then. Drops what arrives. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => undefined).on("close", () => resolve());
    socket.resume();
  });
}
