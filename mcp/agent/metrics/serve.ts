import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { formatHostAndPort, type HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { startMetricsServer } from "@metacircular/mcdsl/metrics/server.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { Observer } from "../monitor/observe.ts";
import type { AgentMetrics } from "./agent-metrics.ts";

/** Feeds the metrics, and serves them where the configuration says. A port that is taken costs the metrics and
 * nothing else: the node has to be looked after all the same. */
export async function serveMetrics(parts: {
  metrics: AgentMetrics;
  observer: Observer;
  bus: EventBus;
  /** Undefined: nowhere. */
  address: HostAndPort | undefined;
  clock: Clock;
  logger: Logger;
}): Promise<AsyncDisposable> {
  const { metrics, observer, bus, address, clock, logger } = parts;
  const stack = new AsyncDisposableStack();
  if (address === undefined) return stack;
  stack.use(observer.subscribe((observed) => metrics.observed(observed)));
  const over = new AbortController();
  const deliveries = bus.subscribe(over.signal);
  const fed = (async () => {
    for await (const delivery of deliveries) {
      try {
        if (delivery.type !== "lost") metrics.happened(delivery);
      } catch (error) {
        logger.error({ error: messageOf(error), event: delivery.type }, "the metrics missed an event");
      }
    }
  })();
  stack.defer(() => fed);
  stack.defer(() => over.abort());
  try {
    const server = stack.use(
      await startMetricsServer({ address, render: () => metrics.render(), clock, logger }),
    );
    logger.info({ address: formatHostAndPort(server.address) }, "metrics are served at /metrics");
  } catch (error) {
    logger.error({ error: messageOf(error) }, "metrics are not served");
  }
  return stack;
}
