import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { once } from "node:events";
import { formatHostAndPort, type HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { flagBits } from "../wire/code.ts";
import { headerBytes } from "../wire/message.ts";
import { type Client, type HandlePacket, isMessages } from "./client.ts";
import type { QueryMetrics } from "./query-metrics.ts";
import type { RateLimit } from "./rate-limit.ts";

/** Kept by the kernel when packets come faster than they are answered. */
const receiveBufferBytes = 4 * 1024 * 1024;

export interface UdpParts {
  readonly handle: HandlePacket;
  readonly limit: RateLimit;
  readonly metrics: QueryMetrics;
  readonly logger: Logger;
}

/** A socket that answers. Disposing it closes it. */
export interface UdpListener extends AsyncDisposable {
  readonly address: HostAndPort;
}

/** Answers queries by UDP at one address. Answers leave from the address that was asked, so name each address of the
 * machine rather than a wildcard where it has several.
 * @throws DetailedError LISTEN_FAILED */
export async function startUdpListener(address: HostAndPort, parts: UdpParts): Promise<UdpListener> {
  const isSix = isIPv6(address.host);
  const socket = createSocket({
    type: isSix ? "udp6" : "udp4",
    ipv6Only: isSix,
    recvBufferSize: receiveBufferBytes,
    // Addresses of clients are no names: nothing is to be looked up.
    lookup: (host, _options, found) => found(null, host, isSix ? 6 : 4),
  });
  await bind(socket, address);
  socket.on("error", (error) => parts.logger.error({ error: messageOf(error) }, "a UDP socket failed"));
  socket.on("message", (packet, from) => receive(socket, parts, packet, from));
  return {
    address: { host: socket.address().address, port: socket.address().port },
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

function receive(socket: Socket, parts: UdpParts, packet: Buffer, from: RemoteInfo): void {
  const client: Client = { address: from.address, transport: "udp" };
  const response = parts.handle(packet, client);
  if (Buffer.isBuffer(response)) send(socket, parts, response, from);
  else if (response instanceof Promise) {
    response.then(
      (later) => later !== undefined && send(socket, parts, later, from),
      (thrown: unknown) => parts.logger.error({ error: messageOf(thrown) }, "a query could not be answered"),
    );
  } else if (isMessages(response)) {
    const first = response.messages.next();
    if (first.done !== true) send(socket, parts, first.value, from);
  }
}

function send(socket: Socket, parts: UdpParts, response: Buffer, to: RemoteInfo): void {
  const verdict = parts.limit.judge(to.address);
  if (verdict === "drop") return parts.metrics.dropped("rate");
  const sent = verdict === "slip" ? truncated(response) : response;
  parts.metrics.response("udp", sent);
  try {
    // A client that is gone is no failure of ours; without a callback, nobody is told of it, and that costs least.
    socket.send(sent, to.port, to.address);
  } catch (thrown) {
    // Closed meanwhile, or a port that nobody can send from.
    parts.logger.debug({ error: messageOf(thrown) }, "a response could not be sent");
  }
}

/** The same response without its records, marked as truncated. */
function truncated(response: Buffer): Buffer {
  let at = headerBytes;
  if (response.readUInt16BE(4) === 1) {
    while (at < response.length && response[at] !== 0) at += 1 + (response[at] ?? 0);
    at += 5;
  }
  const short = Buffer.from(response.subarray(0, at));
  short.writeUInt16BE(short.readUInt16BE(2) | flagBits.truncated, 2);
  short.fill(0, 6, headerBytes);
  return short;
}

async function bind(socket: Socket, address: HostAndPort): Promise<void> {
  try {
    // With a lookup of our own, it listens before this returns.
    const listening = once(socket, "listening");
    socket.bind(address.port, address.host);
    await listening;
  } catch (cause) {
    socket.close();
    const isTaken = systemCodeOf(cause) === "EADDRINUSE";
    throw new DetailedError({
      code: "LISTEN_FAILED",
      category: "failed-precondition",
      attempted: "listen by UDP on",
      subject: formatHostAndPort(address),
      found: isTaken ? "another program listens there" : "the address cannot be used",
      remedy: "stop the other program, or configure another address",
      cause,
    });
  }
}
