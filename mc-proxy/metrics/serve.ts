import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { formatHostAndPort, type HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { startMetricsServer } from "@metacircular/mcdsl/metrics/server.ts";

/** Serves the page where the configuration says. A port that is taken costs the metrics and nothing else: requests have
 * to be routed all the same. */
export async function serveMetrics(parts: {
  /** Undefined: nowhere. */
  address: HostAndPort | undefined;
  render: () => string;
  clock: Clock;
  logger: Logger;
}): Promise<AsyncDisposable> {
  const { address, render, clock, logger } = parts;
  const stack = new AsyncDisposableStack();
  if (address === undefined) return stack;
  try {
    const server = stack.use(await startMetricsServer({ address, render, clock, logger }));
    logger.info({ address: formatHostAndPort(server.address) }, "metrics are served at /metrics");
  } catch (error) {
    logger.error({ error: messageOf(error) }, "metrics are not served");
  }
  return stack;
}
