import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { once } from "node:events";
import { createServer } from "node:net";

/** A process that HAProxy has replaced lets go of its ports a moment later. */
const graceMs = 1_000;
const pauseMs = 50;

const reasons: Record<string, string> = {
  EADDRINUSE: "another program has it",
  EACCES: "mc-proxy may not use ports below 1024",
  EADDRNOTAVAIL: "no interface of this machine has the address",
};

/** Tries whether a port that is not open yet can be opened. HAProxy finds out too late: for a second attempt it has its
 * predecessor close all ports, so that connections to other routes are refused meanwhile.
 * @param isOpen whether it was opened meanwhile, for another route
 * @throws DetailedError ROUTE_PORT_UNUSABLE */
export async function requireUsablePort(
  { addresses, port }: { readonly addresses: readonly string[]; readonly port: number },
  subject: string,
  isOpen: () => boolean,
  clock: Clock,
): Promise<void> {
  const deadlineMs = clock.now() + graceMs;
  for (const address of addresses) {
    while (!isOpen()) {
      const cause = await bindFailure(address, port);
      if (cause === undefined) break;
      if (clock.now() >= deadlineMs) throw unusable(address, port, subject, cause);
      await clock.sleep(pauseMs);
    }
  }
}

async function bindFailure(host: string, port: number): Promise<unknown> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen({ host, port, exclusive: true, ipv6Only: host.includes(":") });
    await once(server, "listening");
    return undefined;
  } catch (thrown) {
    return thrown;
  } finally {
    server.close();
  }
}

function unusable(address: string, port: number, subject: string, cause: unknown): DetailedError {
  const systemCode = systemCodeOf(cause);
  const reason = reasons[systemCode];
  return new DetailedError({
    code: "ROUTE_PORT_UNUSABLE",
    category: "failed-precondition",
    attempted: "add route",
    subject,
    found: `port ${port} of ${address} cannot be opened${reason === undefined ? "" : `: ${reason}`}`,
    remedy:
      systemCode === "EADDRINUSE"
        ? `give the route another port, or free this one; \`ss -ltnp sport = :${port}\` shows who has it`
        : "give the route another port, or give mc-proxy CAP_NET_BIND_SERVICE and addresses that it has",
    cause,
  });
}
