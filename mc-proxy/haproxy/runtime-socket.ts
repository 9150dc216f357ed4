import { closeSync, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { basename, dirname } from "node:path";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

const defaultTimeoutMs = 5_000;
const mostBytes = 64 * 1024 * 1024;
/** HAProxy reads a command and its payload into one buffer of 16 KiB. */
export const longestCommandBytes = 15_000;

/** HAProxy's admin socket. Each call is a connection of its own, which it serves in about 0.2 ms. */
export interface RuntimeSocket {
  /** Executes a command, and returns what HAProxy answers, without white space around it.
   * @param payload lines that follow the command; none may be empty
   * @throws DetailedError HAPROXY_NOT_ANSWERING, HAPROXY_COMMAND_TOO_LONG */
  execute(command: string, payload?: string): Promise<string>;
}

/** @param options.timeoutMs for each command; default 5000 */
export function runtimeSocket(path: string, options: { timeoutMs?: number } = {}): RuntimeSocket {
  return {
    async execute(command, payload) {
      const text = payload === undefined ? `${command}\n` : `${command} <<\n${payload.trimEnd()}\n\n`;
      if (Buffer.byteLength(text) > longestCommandBytes) throw tooLong(command);
      return exchange(path, text, options.timeoutMs ?? defaultTimeoutMs);
    },
  };
}

/** The longest path that a Unix socket can have on Linux, without its final zero byte. */
const longestSocketPath = 107;

/** @throws the error of the file system where its directory is gone */
function connectTo(path: string): Socket {
  if (Buffer.byteLength(path) <= longestSocketPath) return connect({ path });
  const directory = openSync(dirname(path), "r");
  try {
    const socket = connect({ path: `/proc/self/fd/${directory}/${basename(path)}` });
    return socket.once("close", () => closeSync(directory));
  } catch (thrown) {
    closeSync(directory);
    throw thrown;
  }
}

async function exchange(path: string, text: string, timeoutMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const socket = connectTo(path);
  const deadline = setTimeout(() => fail(`it did not answer within ${timeoutMs} ms`), timeoutMs);
  const fail = (found: string, cause?: unknown): void => {
    clearTimeout(deadline);
    socket.destroy();
    reject(notAnswering(path, found, cause));
  };
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBytes) fail(`it answered with more than ${mostBytes} bytes`);
  });
  socket.on("error", (error) => fail(error.message, error));
  socket.on("close", () => {
    clearTimeout(deadline);
    resolve(Buffer.concat(chunks).toString("utf8").trim());
  });
  socket.write(text);
  return promise;
}

function notAnswering(path: string, found: string, cause: unknown): DetailedError {
  return new DetailedError({
    code: "HAPROXY_NOT_ANSWERING",
    category: "unavailable",
    attempted: "ask HAProxy",
    subject: path,
    found,
    remedy: "see its log beside that socket; mc-proxy starts it again by itself when it has ended",
    cause,
  });
}

function tooLong(command: string): DetailedError {
  return new DetailedError({
    code: "HAPROXY_COMMAND_TOO_LONG",
    attempted: "tell HAProxy",
    subject: command.slice(0, 60),
    found: `the command has more than ${longestCommandBytes} bytes`,
  });
}
