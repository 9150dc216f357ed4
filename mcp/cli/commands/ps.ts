import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { sayMovedTags } from "../view/tag.ts";
import { failuresJson, failuresView, reportFailures } from "../view/answers.ts";
import {
  componentColumns,
  componentJson,
  componentRows,
  componentView,
  sayOutdated,
} from "../view/component.ts";

export const json = {
  components: `per component: ${Object.keys(componentJson).join(", ")}`,
  failures: failuresJson,
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description("Asks the container runtime of every node what runs now.")
    .option("-a, --all", "also containers that MCP only sees")
    .action(async (options, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      const asked = await context.nodes.ask((agent, signal) => agent.liveCheck({}, { signal }));
      const rows = asked.answers
        .flatMap(({ node, value }) => componentRows(node, value.services))
        .filter(({ component }) => options.all === true || component.desiredState !== "ignore");
      if (output.format === "json") {
        output.json({ components: rows.map(componentView), failures: failuresView(asked.failures) });
      } else {
        output.table(componentColumns(output, invocation.clock.now()), rows);
        sayOutdated(output, rows);
        sayMovedTags(output, rows, invocation.clock.now());
        if (rows.length === 0 && asked.failures.length === 0) output.say("nothing is deployed");
      }
      reportFailures(context, asked);
    });
}
