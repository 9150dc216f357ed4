import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { formatHostAndPort, type HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { flagBits } from "../wire/code.ts";
import { type Message, readMessage } from "../wire/message.ts";
import { WireError } from "../wire/wire-reader.ts";
import { encodeQuery, isAnswerTo, type OutgoingQuery, type RandomBytes } from "./query.ts";
import { type Upstream, UpstreamError } from "./upstream.ts";

/** Wrong answers to one query after which its socket is given up: somebody may be guessing. */
const mostWrongAnswers = 20;

/** A server that is asked by UDP, each time from a new port, and by `stream` when an answer is truncated or somebody
 * seems to forge answers. */
export function createUdpUpstream(parts: {
  address: HostAndPort;
  stream: Upstream;
  random: RandomBytes;
}): Upstream {
  const { address, stream, random } = parts;
  return {
    name: formatHostAndPort(address),
    async ask(question, signal) {
      const answer = await askOnce(address, encodeQuery(question, random), signal);
      const isWhole = answer !== undefined && (answer.flags & flagBits.truncated) === 0;
      return isWhole ? answer : stream.ask(question, signal);
    },
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
  };
}

/** Undefined: too many wrong answers came. */
async function askOnce(
  address: HostAndPort,
  query: OutgoingQuery,
  signal: AbortSignal,
): Promise<Message | undefined> {
  signal.throwIfAborted();
  const socket = createSocket(isIPv6(address.host) ? "udp6" : "udp4");
  const answered = Promise.withResolvers<Message | undefined>();
  const onAbort = (): void => answered.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("error", (error) => answered.reject(new UpstreamError(messageOf(error), { cause: error })));
  let wrong = 0;
  socket.on("message", (bytes) => {
    const message = readable(bytes);
    if (message !== undefined && isAnswerTo(query, message)) answered.resolve(message);
    else if (++wrong >= mostWrongAnswers) answered.resolve(undefined);
  });
  try {
    // Connected, the socket takes packets of this server only, and hears when its port is closed.
    socket.connect(address.port, address.host, () => sendOn(socket, query.bytes, answered.reject));
    return await answered.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.close();
  }
}

function sendOn(socket: Socket, bytes: Buffer, fail: (error: UpstreamError) => void): void {
  try {
    socket.send(bytes, (error) => {
      if (error !== null) fail(new UpstreamError(messageOf(error), { cause: error }));
    });
  } catch (cause) {
    // Closed since, as the wait is over.
    fail(new UpstreamError(messageOf(cause), { cause }));
  }
}

function readable(bytes: Buffer): Message | undefined {
  try {
    return readMessage(bytes);
  } catch (thrown) {
    if (thrown instanceof WireError) return undefined;
    throw thrown;
  }
}
