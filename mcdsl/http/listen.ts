import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { formatHostAndPort, type HostAndPort } from "../config/host-and-port.ts";
import { DetailedError } from "../errors.ts";
import { systemCodeOf } from "../system-code.ts";

/** Makes the server listen, and returns where, with the port that was chosen.
 * @throws DetailedError LISTEN_FAILED */
export async function listen(server: Server, address: HostAndPort): Promise<HostAndPort> {
  try {
    server.listen(address.port, address.host);
    await once(server, "listening");
  } catch (cause) {
    const taken = systemCodeOf(cause) === "EADDRINUSE";
    throw new DetailedError({
      code: "LISTEN_FAILED",
      category: "failed-precondition",
      attempted: "listen on",
      subject: formatHostAndPort(address),
      found: taken ? "another program listens there" : "the address cannot be used",
      remedy: "stop the other program, or configure another address",
      cause,
    });
  }
  const { address: host, port } = server.address() as AddressInfo;
  return { host, port };
}
