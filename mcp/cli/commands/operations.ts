import type { Command } from "@commander-js/extra-typings";
import type { OperationInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { outcomeName } from "../operations/outcome.ts";
import { limit } from "../options.ts";
import { factsOf } from "../output/error.ts";
import { formatLocalTime, formatSpan, isoTime, timeMsOf } from "../output/time.ts";
import { failuresJson, failuresView, reportFailures } from "../view/answers.ts";

export const json = {
  operations:
    "newest first: node, id, kind, service, component, caller, started, finished, outcome (null: in progress), step, steps, error",
  failures: failuresJson,
} as const;

type Row = { readonly node: string; readonly operation: OperationInfo };

export function define(command: Command, invocation: Invocation): void {
  command
    .option("--service <name>", "only of this service")
    .option("--in-progress", "only those that are not finished")
    .option("--limit <number>", "how many per node, newest first", limit, 20)
    .action(async (options, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      const request = {
        service: options.service ?? "",
        inProgress: options.inProgress === true,
        limit: options.limit,
      };
      const asked = await context.nodes.ask((agent, signal) => agent.listOperations(request, { signal }));
      const rows = asked.answers
        .flatMap(({ node, value }) => value.operations.map((operation): Row => ({ node, operation })))
        .toSorted((a, b) => startedMs(b) - startedMs(a));
      if (output.format === "json") {
        output.json({ operations: rows.map(operationView), failures: failuresView(asked.failures) });
      } else {
        output.table(
          [
            { heading: "STARTED", text: (row) => formatLocalTime(startedMs(row)) },
            { heading: "NODE", text: ({ node }) => node },
            { heading: "OPERATION", text: ({ operation }) => operation.kind },
            {
              heading: "SERVICE",
              text: ({ operation: { service, component } }) =>
                component === "" ? service : `${service}/${component}`,
            },
            { heading: "BY", text: ({ operation }) => operation.caller },
            { heading: "OUTCOME", text: outcomeText },
            { heading: "TOOK", text: (row) => tookText(row, invocation.clock.now()) },
            { heading: "ID", text: ({ operation }) => operation.id },
          ],
          rows,
        );
      }
      reportFailures(context, asked);
    });
}

function startedMs({ operation }: Row): number {
  return timeMsOf(operation.started) ?? 0;
}

function isFinished({ operation }: Row): boolean {
  return operation.finished !== undefined;
}

function outcomeText(row: Row): string {
  const { step, steps, outcome } = row.operation;
  return isFinished(row)
    ? outcomeName(outcome)
    : `in progress (${Math.min(step + 1, steps.length)}/${steps.length})`;
}

function tookText(row: Row, nowMs: number): string {
  return formatSpan(Math.max(0, (timeMsOf(row.operation.finished) ?? nowMs) - startedMs(row)));
}

function operationView(row: Row): Record<string, unknown> {
  const { id, kind, service, component, caller, started, finished, outcome, step, steps, error } =
    row.operation;
  return {
    node: row.node,
    id,
    kind,
    service,
    component,
    caller,
    started: isoTime(started),
    finished: isoTime(finished),
    outcome: isFinished(row) ? outcomeName(outcome) : null,
    step,
    steps: steps.map(({ kind, component, description }) => ({ kind, component, description })),
    error: error === undefined ? null : factsOf(error),
  };
}
