import type { Command } from "@commander-js/extra-typings";
import type { ServiceStatusResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { type Context, openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { locateService } from "../nodes/locate.ts";
import type { Answers } from "../nodes/nodes.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { formatAge, formatLocalTime, isoTime, timeMsOf } from "../output/time.ts";
import { failuresJson, failuresView, reportFailures } from "../view/answers.ts";
import { plain } from "../output/table.ts";
import { pendingText, pendingView } from "../view/pending.ts";
import { sayMovedTags, tagErrors } from "../view/tag.ts";
import { repairText } from "../view/repair.ts";
import {
  type ComponentRow,
  componentColumns,
  componentRows,
  componentView,
  sayOutdated,
} from "../view/component.ts";

export const json = {
  components: "as the components of `mcp ps`",
  drift: "per component that is not as it should be: node, service, component, desired_state, observed_state",
  pending:
    "what is not as it should be at the edge, also of services that are gone: node, service, component, effect, code, reason, since",
  events: "recent changes of state: node, service, component, prev_state, new_state, time",
  operations: "operations in progress: node, service, id, kind, caller, started",
  failures: failuresJson,
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description("Shows the full picture: what runs, what is not as it should be, what happened lately.")
    .argument("[service]", "only this service")
    .option("-a, --all", "also containers that MCP only sees")
    .action(async (service, options, self) => {
      await using context = await openContext(self, invocation);
      const asked = await ask(context, service);
      if (context.output.format === "json") context.output.json(statusView(asked));
      else showStatus(context, asked, options.all === true || service !== undefined);
      reportFailures(context, asked);
    });
}

async function ask(context: Context, service: string | undefined): Promise<Answers<ServiceStatusResponse>> {
  if (service === undefined) {
    return context.nodes.ask((agent, signal) => agent.getServiceStatus({}, { signal }));
  }
  const { node } = await locateService(context, service);
  try {
    const value = await context.nodes.call(node, (agent, signal) =>
      agent.getServiceStatus({ name: service }, { signal }),
    );
    return { answers: [{ node, value }], failures: [] };
  } catch (thrown) {
    return { answers: [], failures: [{ node, error: fromConnectError(thrown) }] };
  }
}

function showStatus(
  { output, invocation }: Context,
  { answers, failures }: Answers<ServiceStatusResponse>,
  all: boolean,
): void {
  const nowMs = invocation.clock.now();
  const rows = answers
    .flatMap(({ node, value }) => componentRows(node, value.services))
    .filter(({ component }) => all || component.desiredState !== "ignore");
  const columns = componentColumns(output, nowMs);
  output.table([...columns, { heading: "SEEN", text: ({ component }) => seen(component, nowMs) }], rows);
  if (rows.length === 0 && answers.length > 0 && failures.length === 0) output.say("nothing is deployed");
  sayOutdated(output, rows);
  sayMovedTags(output, rows, nowMs);
  for (const { node, value } of answers) {
    for (const { name, operation } of value.services) {
      if (operation === undefined) continue;
      const age = formatAge(timeMsOf(operation.started) ?? nowMs, nowMs);
      output.print(`${node}: ${operation.kind} of ${name} by ${operation.caller} in progress for ${age}`);
    }
  }
  showList(
    output,
    "drift",
    drift(answers).map(({ node, service, component, desired_state, observed_state }) =>
      output.style(
        "red",
        `${node}  ${service}/${component}  should be ${desired_state}, is ${observed_state}`,
      ),
    ),
  );
  showList(
    output,
    "pending at the edge",
    answers.flatMap(({ node, value }) =>
      value.pending.map((effect) =>
        output.style(
          "yellow",
          `${node}  ${effect.service}/${effect.component}  ${pendingText(effect, nowMs)}`,
        ),
      ),
    ),
  );
  for (const command of repairs(answers)) output.say(`  next: \`${command}\``);
  showRepairs(output, rows, nowMs);
  showList(output, "tags that could not be looked up", tagErrors(rows, nowMs));
  showList(
    output,
    "recent events",
    answers
      .flatMap(({ node, value }) => value.recentEvents.map((event) => ({ node, event })))
      .toSorted((a, b) => (timeMsOf(a.event.timestamp) ?? 0) - (timeMsOf(b.event.timestamp) ?? 0))
      .map(
        ({ node, event }) =>
          `${formatLocalTime(timeMsOf(event.timestamp) ?? 0)}  ${node}  ${event.service}/${event.component}  ${event.prevState} → ${event.newState}`,
      ),
  );
}

/** What the agent does by itself about what is not as it should be, with the last output of the container. */
function showRepairs(output: Context["output"], rows: readonly ComponentRow[], nowMs: number): void {
  const lines = rows.flatMap(({ node, service, component }) => {
    const { repair } = component;
    if (repair === undefined) return [];
    const text = `${node}  ${service.name}/${component.name}  ${repairText(repair, { service: service.name, nowMs })}`;
    return [output.style("yellow", plain(text)), ...repair.log.map((line) => `  | ${plain(line)}`)];
  });
  showList(output, "repairs", lines);
}

function showList(output: Context["output"], heading: string, lines: readonly string[]): void {
  if (lines.length > 0) output.print("", `${heading}:`, ...lines.map((line) => `  ${line}`));
}

/** Where from and how long ago the state was learnt. */
function seen(
  { observed, observedFrom }: { observed?: Parameters<typeof timeMsOf>[0]; observedFrom: string },
  nowMs: number,
): string {
  const atMs = timeMsOf(observed);
  return atMs === undefined ? "never" : `${formatAge(atMs, nowMs)} ago (${observedFrom})`;
}

function drift(answers: Answers<ServiceStatusResponse>["answers"]) {
  return answers.flatMap(({ node, value }) =>
    value.drift.map(({ service, component, desiredState, observedState }) => ({
      node,
      service,
      component,
      desired_state: desiredState,
      observed_state: observedState,
    })),
  );
}

/** What brings each service that drifted to where it should be; starting what ends at once does not. */
function repairs(answers: Answers<ServiceStatusResponse>["answers"]): Set<string> {
  const crashing = new Set(
    answers.flatMap(({ value }) =>
      value.services
        .filter(({ components }) => components.some(({ repair }) => repair?.state === "crash-loop"))
        .map(({ name }) => name),
    ),
  );
  return new Set(
    drift(answers).map(({ service, desired_state }) => {
      if (desired_state === "stopped") return `mcp stop ${service}`;
      return crashing.has(service) ? `mcp logs ${service}` : `mcp start ${service}`;
    }),
  );
}

function statusView({
  answers,
  failures,
}: Answers<ServiceStatusResponse>): Record<keyof typeof json, unknown> {
  return {
    components: answers.flatMap(({ node, value }) => componentRows(node, value.services)).map(componentView),
    drift: drift(answers),
    pending: answers.flatMap(({ node, value }) =>
      value.pending.map((effect) => ({
        node,
        service: effect.service,
        component: effect.component,
        ...pendingView(effect),
      })),
    ),
    events: answers.flatMap(({ node, value }) =>
      value.recentEvents.map(({ service, component, prevState, newState, timestamp }) => ({
        node,
        service,
        component,
        prev_state: prevState,
        new_state: newState,
        time: isoTime(timestamp),
      })),
    ),
    operations: answers.flatMap(({ node, value }) =>
      value.services.flatMap(({ name, operation }) =>
        operation === undefined
          ? []
          : [
              {
                node,
                service: name,
                id: operation.id,
                kind: operation.kind,
                caller: operation.caller,
                started: isoTime(operation.started),
              },
            ],
      ),
    ),
    failures: failuresView(failures),
  };
}
