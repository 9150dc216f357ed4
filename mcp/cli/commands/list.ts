import type { Command } from "@commander-js/extra-typings";
import type { ServiceInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { failuresJson, failuresView, reportFailures } from "../view/answers.ts";
import { componentRows, componentView } from "../view/component.ts";

export const json = {
  services: "node, service, active, components (as the components of `mcp ps`)",
  failures: failuresJson,
} as const;

type Row = { readonly node: string; readonly service: ServiceInfo };

export function define(command: Command, invocation: Invocation): void {
  command
    .description("Lists the services of all nodes from their registries, without asking the runtimes.")
    .action(async (_, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      const asked = await context.nodes.ask((agent, signal) => agent.listServices({}, { signal }));
      const rows = asked.answers.flatMap(({ node, value }) =>
        value.services.map((service): Row => ({ node, service })),
      );
      if (output.format === "json") {
        output.json({ services: rows.map(serviceView), failures: failuresView(asked.failures) });
      } else {
        output.table(
          [
            { heading: "NODE", text: ({ node }) => node },
            { heading: "SERVICE", text: ({ service }) => service.name },
            { heading: "ACTIVE", text: activeText },
            {
              heading: "COMPONENTS",
              text: ({ service }) => service.components.map(({ name }) => name).join(", "),
            },
            { heading: "VERSIONS", text: versionsText },
          ],
          rows,
        );
        if (rows.length === 0 && asked.failures.length === 0)
          output.say("no services; see `mcp help deploy`");
      }
      reportFailures(context, asked);
    });
}

/** Containers that are only seen belong to no service that could be active. */
function activeText({ service }: Row): string {
  const ignored =
    service.components.length > 0 && service.components.every((each) => each.desiredState === "ignore");
  return ignored ? "ignored" : service.active ? "yes" : "no";
}

function versionsText({ service }: Row): string {
  const versions = new Set(service.components.map(({ version }) => version));
  const outdated = service.components.some((component) => component.outdated) ? " (outdated)" : "";
  return `${[...versions].filter((text) => text !== "").join(", ")}${outdated}`;
}

function serviceView({ node, service }: Row): Record<string, unknown> {
  return {
    node,
    service: service.name,
    active: service.active,
    components: componentRows(node, [service]).map(componentView),
  };
}
