import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import type { ComponentLogLine, LogsQuery } from "./logs-query.ts";

/** How often a follower looks whether a container that ended was started or replaced. */
const lookAgainMs = 500;

/** What a component prints. Following goes on when its container is restarted or replaced. */
export async function* componentLogs(
  component: string,
  { service, follow, tail, sinceMs, runtime, clock, signal }: LogsQuery,
): AsyncGenerator<ComponentLogLine> {
  const name = slotName(service, component, "current");
  let seen = "";
  let lastMs = sinceMs;
  while (!signal.aborted) {
    const container = await runtime.inspect(name, signal);
    const run = container === undefined ? "" : `${container.id} ${container.startedAtMs}`;
    if (container !== undefined && run !== seen) {
      const first = seen === "";
      const options = {
        follow,
        ...(first && tail !== undefined ? { tail } : {}),
        ...(lastMs === undefined ? {} : { sinceMs: lastMs }),
      };
      seen = run;
      for await (const entry of runtime.logs(container.id, options, signal)) {
        lastMs = entry.timestampMs + 1;
        yield { component, ...entry };
      }
    }
    if (!follow) return;
    await clock.sleep(lookAgainMs, signal);
  }
}
