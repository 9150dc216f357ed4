import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import type { ContainerDetails } from "../runtime/runtime.ts";
import type { ComponentLogLine, LogsQuery } from "./logs-query.ts";

/** How often a follower looks whether a container that ended was started or replaced. */
const lookAgainMs = 500;

/** What a component prints. Following goes on when its container is restarted or replaced. */
export async function* componentLogs(
  component: string,
  { service, follow, tail, sinceMs, runtime, clock, signal }: LogsQuery,
): AsyncGenerator<ComponentLogLine> {
  const name = slotName(service, component, "current");
  let seen = { id: "", startedAtMs: 0 };
  let lastMs = 0;
  while (!signal.aborted) {
    const container = await runtime.inspect(name, signal);
    if (container !== undefined && !isSameRun(container, seen)) {
      const first = seen.id === "";
      // A replacement prints while the old container still does, so it is read from its own beginning.
      const since = container.id === seen.id ? lastMs + 1 : sinceMs;
      const options = {
        follow,
        ...(first && tail !== undefined ? { tail } : {}),
        ...(since === undefined ? {} : { sinceMs: since }),
      };
      seen = container;
      for await (const entry of runtime.logs(container.id, options, signal)) {
        lastMs = entry.timestampMs;
        yield { component, ...entry };
      }
    }
    if (!follow) return;
    await clock.sleep(lookAgainMs, signal);
  }
}

type Run = Pick<ContainerDetails, "id" | "startedAtMs">;

function isSameRun(a: Run, b: Run): boolean {
  return a.id === b.id && a.startedAtMs === b.startedAtMs;
}
