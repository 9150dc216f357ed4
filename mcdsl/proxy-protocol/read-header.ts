import type { Socket } from "node:net";
import { parseProxyHeader, type ProxiedClient } from "./header.ts";

export type ReadHeader =
  | { readonly kind: "read"; readonly client: ProxiedClient | undefined }
  | { readonly kind: "refused"; readonly found: string }
  /** The other side hung up first. */
  | { readonly kind: "gone" };

/** Takes the header off a connection that has just been accepted, and leaves the next byte to whoever reads on. That one
 * has to begin within `end`: until then nobody would read. */
export function readProxyHeader(socket: Socket, timeoutMs: number, end: (read: ReadHeader) => void): void {
  let received: Buffer = Buffer.alloc(0);
  const late = setTimeout(() => {
    finish({ kind: "refused", found: `no whole header came within ${timeoutMs} ms` });
  }, timeoutMs);
  const gone = (): void => finish({ kind: "gone" });
  const take = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    received = Buffer.concat([received, chunk]);
    const header = parseProxyHeader(received);
    if (header.kind === "partial") return;
    if (header.kind === "invalid") return finish({ kind: "refused", found: header.found });
    const rest = received.subarray(header.sizeBytes);
    if (rest.length > 0) socket.unshift(rest);
    finish({ kind: "read", client: header.client });
  };
  const finish = (read: ReadHeader): void => {
    clearTimeout(late);
    socket.off("readable", take).off("end", gone).off("error", gone).off("close", gone);
    end(read);
  };
  socket.on("readable", take).on("end", gone).on("error", gone).on("close", gone);
}
