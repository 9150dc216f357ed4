import { request } from "node:http";

/** Healthy: a GET on the node's loopback answers 200-399. */
export async function probeHttp(
  port: number,
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const status = await new Promise<number>((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      path,
      agent: false,
      signal: limited,
      headers: { "user-agent": "mcp-health" },
    };
    const outgoing = request(options, (response) => {
      response.on("error", () => undefined);
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    outgoing.on("error", (cause) => {
      const found = limited.aborted ? `did not answer within ${timeoutMs} ms` : cause.message;
      reject(new Error(`GET ${path} on port ${port}: ${found}`, { cause }));
    });
    outgoing.end();
  });
  if (status < 200 || status >= 400) throw new Error(`GET ${path} on port ${port} answered ${status}`);
}
