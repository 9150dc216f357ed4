import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Command } from "@commander-js/extra-typings";
import type { WatchEventsRequestSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { type Context, openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { parseSince } from "../output/time.ts";
import { reportFailures } from "../view/answers.ts";
import { eventJson, showEvent } from "../view/event.ts";

export const json = eventJson;

const dayMs = 86_400_000;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Shows recorded changes of state and alerts of all nodes, and with --follow everything that happens.",
    )
    .option("-f, --follow", "wait for what happens next")
    .option("--since <time>", "from this time or this long ago (default: 24h ago)")
    .option("--service <name>", "only of this service")
    .option("--operation <id>", "only of this operation, until it ends")
    .addHelpText("after", examples)
    .action(async (options, self) => {
      await using context = await openContext(self, invocation);
      const nowMs = invocation.clock.now();
      const sinceMs = options.since === undefined ? nowMs - dayMs : parseSince(options.since, nowMs);
      const request = {
        service: options.service ?? "",
        operationId: options.operation ?? "",
        since: timestampFromMs(sinceMs),
        follow: options.follow === true,
      };
      await watch(context, request);
    });
}

/** Shows the events of all nodes as they arrive. */
async function watch(
  context: Context,
  request: MessageInitShape<typeof WatchEventsRequestSchema>,
): Promise<void> {
  const asked = await context.nodes.ask(async (agent, signal, node) => {
    for await (const event of agent.watchEvents(request, { signal })) showEvent(context.output, node, event);
  });
  reportFailures(context, asked);
}

const examples = `
Examples:
  mcp events --since 1h
  mcp events --follow --service metacrypt
  mcp events --follow -o json | jq .
`;
