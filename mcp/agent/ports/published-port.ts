import { once } from "node:events";
import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";

/** A port of the node that a container publishes. */
export interface PublishedPort {
  /** Empty: all addresses. */
  readonly address: string;
  /** 0: the runtime chooses. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

/** Reads `[address:]host:container[/protocol]`; the address may be an IPv6 one in brackets. */
export function parsePublishedPort(mapping: string): PublishedPort {
  const [binding = "", protocol = "tcp"] = mapping.split("/");
  const parts = /^(?:(\[[^\]]*\]|[^:]*):)?(\d*):(\d+)$/u.exec(binding);
  return {
    address: (parts?.[1] ?? "").replaceAll(/[[\]]/gu, ""),
    hostPort: Number(parts?.[2] ?? 0),
    containerPort: Number(parts?.[3] ?? 0),
    protocol: protocol === "udp" ? "udp" : "tcp",
  };
}

/** True where both cannot be published at the same time. */
export function overlaps(a: PublishedPort, b: PublishedPort): boolean {
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  return a.address === b.address || isAnyAddress(a.address) || isAnyAddress(b.address);
}

function isAnyAddress(address: string): boolean {
  return address === "" || address === "0.0.0.0" || address === "::";
}

/** True where nothing listens on the port. A port can be bound and still be taken: a stale forwarding rule
 * swallows its connections, so for TCP a connection must also be refused. */
export async function isPortFree({ address, hostPort, protocol }: PublishedPort): Promise<boolean> {
  if (protocol === "udp") return canBindDatagram(hostPort, address);
  return (await canListen(hostPort, address)) && (await isRefused(hostPort, loopbackFor(address)));
}

function loopbackFor(address: string): string {
  return isAnyAddress(address) ? "127.0.0.1" : address;
}

async function canListen(port: number, address: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, exclusive: true, ...(address === "" ? {} : { host: address }) });
    await once(server, "listening");
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    server.close();
  }
}

async function canBindDatagram(port: number, address: string): Promise<boolean> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    socket.bind({ port, exclusive: true, ...(address === "" ? {} : { address }) });
    await once(socket, "listening");
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
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
    return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

const refusalTimeoutMs = 300;

function isTaken(error: unknown): boolean {
  return ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL"].includes((error as NodeJS.ErrnoException).code ?? "");
}
