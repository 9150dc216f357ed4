import { Option } from "@commander-js/extra-typings";
import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import type { ProxyClient } from "../client.ts";

/** What every command gets from outside. */
export interface ControlContext {
  /** Writes a line of data. */
  readonly out: (line: string) => void;
  /** Writes a line said about it. */
  readonly say: (line: string) => void;
  readonly environment: Environment;
}

const defaultSocket = "/srv/mc-proxy/run/admin.sock";
const callTimeoutMs = 30_000;

/** A fresh one per command: options hold their value. */
export function socketOption({
  environment,
}: ControlContext): Option<"-s, --socket <path>", undefined, string> {
  return new Option("-s, --socket <path>", "admin socket of mc-proxy; or MC_PROXY_ADMIN_SOCKET").default(
    environment["MC_PROXY_ADMIN_SOCKET"] ?? defaultSocket,
  );
}

/** Connects, does the work and disconnects. SIGINT cancels the call. */
export async function withClient<Result>(
  socket: string,
  work: (client: ProxyClient, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  // Help and errors of usage come without the RPC library.
  const { createProxyClient } = await import("../client.ts");
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  process.once("SIGINT", onInterrupt);
  try {
    await using client = createProxyClient({ socket, timeoutMs: callTimeoutMs });
    return await work(client, interrupted.signal);
  } finally {
    process.removeListener("SIGINT", onInterrupt);
  }
}
