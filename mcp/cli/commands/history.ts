import { type Command } from "@commander-js/extra-typings";
import type { RevisionInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { locateService } from "../nodes/locate.ts";
import { limit } from "../options.ts";
import { formatLocalTime, isoTime, timeMsOf } from "../output/time.ts";
import { revisionImages } from "../view/revision-images.ts";

export const json = {
  node: "node",
  service: "service",
  revisions:
    "newest first: number, created, caller, operation_id, current, images (component to image), digests (component to digest)",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .argument("<service>", "service")
    .option("--limit <number>", "how many, newest first", limit, 20)
    .action(async (service, options, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      const { node } = await locateService(context, service);
      const { revisions } = await context.nodes.call(node, (agent, signal) =>
        agent.listRevisions({ service, limit: options.limit }, { signal }),
      );
      if (output.format === "json")
        return output.json({ node, service, revisions: revisions.map(revisionView) });
      if (revisions.length === 0) return output.say(`${service} has no revisions on ${node}`);
      output.table(
        [
          { heading: "REVISION", text: ({ number, current }) => `${number}${current ? " *" : ""}` },
          { heading: "DEPLOYED", text: ({ created }) => formatLocalTime(timeMsOf(created) ?? 0) },
          { heading: "BY", text: ({ caller }) => caller },
          {
            heading: "IMAGES",
            text: (revision) =>
              revisionImages(revision, revisions)
                .map(({ component, image }) => `${component}=${image}`)
                .join(" "),
          },
        ],
        revisions,
      );
      const has = revisions.some(({ current }) => current)
        ? "* is what the node has now"
        : "not deployed now";
      output.say(`${has}; go back with \`mcp rollback ${service} --to <revision>\``);
    });
}

function revisionView({
  number,
  created,
  caller,
  operationId,
  current,
  spec,
  digests,
}: RevisionInfo): Record<string, unknown> {
  return {
    number: Number(number),
    created: isoTime(created),
    caller,
    operation_id: operationId,
    current,
    images: Object.fromEntries((spec?.components ?? []).map(({ name, image }) => [name, image])),
    digests,
  };
}
