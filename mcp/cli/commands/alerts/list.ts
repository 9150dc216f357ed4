import type { Command } from "@commander-js/extra-typings";
import type { AlertInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../../context.ts";
import type { Invocation } from "../../invocation.ts";
import { limit } from "../../options.ts";
import { formatAge, formatLocalTime, isoTime, timeMsOf } from "../../output/time.ts";
import { failuresJson, failuresView, reportFailures } from "../../view/answers.ts";

export const json = {
  alerts:
    "newest first: node, id, type (drift, flapping, crash-loop, gave-up, edge, certificate), service, component, desired_state, observed_state, prev_state, transitions, raised, recovered (null: it lasts), command (none, pending, done, failed), command_error",
  failures: failuresJson,
} as const;

type Row = { readonly node: string; readonly alert: AlertInfo };

export function define(command: Command, invocation: Invocation): void {
  command
    .description("Lists alerts of all nodes, those that last and those that have recovered.")
    .option("--service <name>", "only of this service")
    .option("--active", "only those that last")
    .option("--limit <number>", "how many per node, newest first", limit, 50)
    .addHelpText("after", examples)
    .action(async (options, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      const request = {
        service: options.service ?? "",
        active: options.active === true,
        limit: options.limit,
      };
      const asked = await context.nodes.ask((agent, signal) => agent.listAlerts(request, { signal }));
      const rows = asked.answers
        .flatMap(({ node, value }) => value.alerts.map((alert): Row => ({ node, alert })))
        .toSorted((a, b) => raisedMs(b) - raisedMs(a));
      if (output.format === "json") {
        output.json({ alerts: rows.map(alertView), failures: failuresView(asked.failures) });
      } else {
        const nowMs = invocation.clock.now();
        output.table(
          [
            { heading: "RAISED", text: (row) => formatLocalTime(raisedMs(row)) },
            { heading: "NODE", text: ({ node }) => node },
            { heading: "COMPONENT", text: ({ alert }) => `${alert.service}/${alert.component}` },
            {
              heading: "ALERT",
              text: ({ alert }) => alert.type,
              style: (text, { alert }) => (alert.recovered === undefined ? output.style("red", text) : text),
            },
            { heading: "DESIRED", text: ({ alert }) => alert.desiredState },
            { heading: "OBSERVED", text: ({ alert }) => alert.observedState },
            { heading: "LASTED", text: (row) => lastedText(row, nowMs) },
            { heading: "COMMAND", text: ({ alert }) => commandText(alert) },
          ],
          rows,
        );
        if (rows.length === 0 && asked.failures.length === 0) output.say("no alerts");
      }
      reportFailures(context, asked);
    });
}

function raisedMs({ alert }: Row): number {
  return timeMsOf(alert.raised) ?? 0;
}

function lastedText(row: Row, nowMs: number): string {
  const recoveredMs = timeMsOf(row.alert.recovered);
  const lasted = formatAge(raisedMs(row), recoveredMs ?? nowMs);
  return recoveredMs === undefined ? `${lasted}, still` : lasted;
}

function commandText({ command, commandError }: AlertInfo): string {
  return commandError === "" ? command : `${command}: ${commandError}`;
}

function alertView({ node, alert }: Row): Record<string, unknown> {
  return {
    node,
    id: Number(alert.id),
    type: alert.type,
    service: alert.service,
    component: alert.component,
    desired_state: alert.desiredState,
    observed_state: alert.observedState,
    prev_state: alert.prevState,
    transitions: alert.transitions,
    raised: isoTime(alert.raised),
    recovered: isoTime(alert.recovered),
    command: alert.command,
    command_error: alert.commandError,
  };
}

const examples = `
Examples:
  mcp alerts --active
  mcp alerts --service metacrypt --limit 10
  mcp alerts test --node rift
`;
