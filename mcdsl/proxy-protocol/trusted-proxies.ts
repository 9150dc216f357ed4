import { BlockList, isIPv4, type Socket } from "node:net";
import type { Server } from "node:tls";
import { canonicalAddress } from "../address/canonical.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log/logger.ts";
import type { ProxiedClient } from "./header.ts";
import { readProxyHeader } from "./read-header.ts";
import { HeaderRefusals } from "./refusals.ts";

/** Who has to begin each connection with the header of the PROXY protocol. */
export interface ProxySettings {
  /** Networks in canonical form. Whoever connects from elsewhere sends no header, and is not believed one. */
  readonly from: readonly string[];
  readonly logger: Logger;
  readonly clock: Pick<Clock, "now">;
}

type Accept = (this: Server, socket: Socket) => void;

/** Has a server that does not listen yet read these headers before TLS, and tells whom each of the connections is from.
 * Connections without a usable header are closed. The server's limits hold for connections with headers as for others. */
export function expectProxyHeaders(
  server: Server,
  { from, logger, clock }: ProxySettings,
  timeoutMs: number,
  onClient: (socket: Socket, client: ProxiedClient) => void,
): void {
  const proxies = new BlockList();
  for (const network of from) {
    const [address = "", prefix] = network.split("/");
    proxies.addSubnet(address, Number(prefix), isIPv4(address) ? "ipv4" : "ipv6");
  }
  const refusals = new HeaderRefusals(logger, clock);
  const accepts = server.listeners("connection") as Accept[];
  const accept = (socket: Socket): void => {
    for (const each of accepts) each.call(server, socket);
  };
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const peer = addressOf(socket);
    if (peer === undefined) return void socket.destroy();
    if (!proxies.check(peer, isIPv4(peer) ? "ipv4" : "ipv6")) return accept(socket);
    readProxyHeader(socket, timeoutMs, (read) => {
      if (read.kind === "read") {
        if (read.client !== undefined) onClient(socket, read.client);
        return accept(socket);
      }
      if (read.kind === "refused") refusals.record(peer, read.found);
      socket.destroy();
    });
  });
}

/** Undefined: the other side is gone already. */
function addressOf({ remoteAddress }: Socket): string | undefined {
  const [address] = remoteAddress?.split("%") ?? [];
  return address === undefined ? undefined : canonicalAddress(address);
}
