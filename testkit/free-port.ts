import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type ListenOptions, type Server } from "node:net";

/** Above the ports that Linux gives to outgoing connections and those that the agent gives to routes, so that a
 * port stays free until its test uses it. */
const firstPort = 61_000;
const lastPort = 65_535;

/** A port of the loopback that nothing listens on now, and that no other test gets as long as this process lives.
 *
 * @param count so many in a row; the first is returned */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const first = randomInt(firstPort, lastPort + 2 - count);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (await claimAll(ports)) return first;
  }
}

async function claimAll(ports: readonly number[]): Promise<boolean> {
  const claims: Server[] = [];
  for (const port of ports) {
    // The kernel frees a socket's abstract name however its owner ends, and no two processes get it.
    const claim = await listen({ path: `\0mcp-test-port-${port}` });
    if (claim !== undefined) claims.push(claim);
    if (claim === undefined || !(await canListen(port))) {
      for (const each of claims) each.close();
      return false;
    }
  }
  return true;
}

async function canListen(port: number): Promise<boolean> {
  const server = await listen({ port, host: "127.0.0.1" });
  server?.close();
  return server !== undefined;
}

async function listen(options: ListenOptions): Promise<Server | undefined> {
  const server = createServer();
  server.unref();
  try {
    server.listen(options);
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}
