import type { WatchEventsResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { AgentClient } from "../nodes/connection.ts";

/** Passes on the events of one operation until it has ended. Resolves, never rejects: progress is a courtesy,
 * and its failure says nothing about the operation.
 * @param ready called once the agent listens, or cannot be listened to */
export async function followOperation(
  agent: AgentClient,
  operationId: string,
  handlers: {
    event: (event: WatchEventsResponse) => void;
    ready: () => void;
    failed: (thrown: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of agent.watchEvents({ operationId, follow: true }, { signal })) {
      handlers.event(event);
      if (event.event.case === "caughtUp") handlers.ready();
    }
  } catch (thrown) {
    if (!signal.aborted) handlers.failed(thrown);
  } finally {
    handlers.ready();
  }
}
