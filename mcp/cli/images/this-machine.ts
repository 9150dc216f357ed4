import { hostname, networkInterfaces } from "node:os";

import { parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";

/** Whether an agent's address names the machine where `mcp` runs: one of its addresses, or its name. Other names are
 * not resolved, and count as other machines. */
export function isThisMachine(address: string): boolean {
  const host = (parseHostAndPort(address)?.host ?? "").toLowerCase();
  const own = hostname().toLowerCase();
  if (host === "localhost" || host === own || host.split(".")[0] === own) return true;
  const addresses = Object.values(networkInterfaces()).flatMap((list = []) =>
    list.map((each) => each.address),
  );
  return host.startsWith("127.") || addresses.includes(host);
}
