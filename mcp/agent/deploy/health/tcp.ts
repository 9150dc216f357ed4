import { once } from "node:events";
import { connect } from "node:net";

/** Healthy: a TCP connection to the node's loopback is accepted and stays open for a moment. Publishing
 * proxies accept first and close when nobody listens behind them. */
export async function probeTcp(port: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect", { signal: limited });
    socket.resume();
    const settled = AbortSignal.any([limited, AbortSignal.timeout(lingerMs)]);
    const closed = await once(socket, "end", { signal: settled }).then(
      () => true,
      (error: unknown) => {
        if (settled.aborted) return false;
        throw error;
      },
    );
    if (closed) throw new Error("closed at once");
  } catch (cause) {
    const found = limited.aborted
      ? `was not accepted within ${timeoutMs} ms`
      : cause instanceof Error
        ? cause.message
        : String(cause);
    throw new Error(`a connection to port ${port}: ${found}`, { cause });
  } finally {
    socket.destroy();
  }
}

const lingerMs = 30;
