import { once } from "node:events";
import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { coversAll, type PortMapping } from "@metacircular/mcp-core/definition/ports.ts";

/** Why the port cannot be published now, or undefined where it can. A port can be bound and still be taken: a
 * stale forwarding rule swallows its connections, so for TCP a connection must also be refused. */
export async function portProblem({ address, hostPort, protocol }: PortMapping): Promise<string | undefined> {
  const bound = await (protocol === "udp" ? bindDatagram(hostPort, address) : listen(hostPort, address));
  if (bound !== undefined) return problems[bound] ?? `it cannot be bound: ${bound}`;
  if (protocol === "udp" || (await isRefused(hostPort, loopbackFor(address)))) return undefined;
  return "connections to it are answered, or swallowed, although nothing listens on it";
}

/** Whether a route can have the port: routes are published on the loopback. */
export async function isRoutePortFree(hostPort: number): Promise<boolean> {
  const mapping = { address: "127.0.0.1", hostPort, containerPort: hostPort, protocol: "tcp" } as const;
  return (await portProblem(mapping)) === undefined;
}

const problems: Partial<Record<string, string>> = {
  EADDRINUSE: "another process on the node has it",
  EACCES: "the agent's user may not use ports that low",
  EADDRNOTAVAIL: "the node has no such address",
};

function loopbackFor(address: string): string {
  return coversAll(address) ? "127.0.0.1" : address;
}

/** The system's error code, or what it said; undefined where it worked. */
async function listen(port: number, address: string): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ port, exclusive: true, ...(address === "" ? {} : { host: address }) });
    await once(server, "listening");
    return undefined;
  } catch (error) {
    return systemCodeOf(error) || messageOf(error);
  } finally {
    server.close();
  }
}

async function bindDatagram(port: number, address: string): Promise<string | undefined> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    socket.bind({ port, exclusive: true, ...(address === "" ? {} : { address }) });
    await once(socket, "listening");
    return undefined;
  } catch (error) {
    return systemCodeOf(error) || messageOf(error);
  } finally {
    socket.close();
  }
}

async function isRefused(port: number, host: string): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(refusalTimeoutMs) });
    return false;
  } catch (error) {
    return systemCodeOf(error) === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

const refusalTimeoutMs = 300;
