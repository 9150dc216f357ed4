import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Command } from "@commander-js/extra-typings";
import type { LogLine } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { locateService } from "../nodes/locate.ts";
import { lineCount } from "../options.ts";
import type { Output } from "../output/output.ts";
import { formatLocalTime, isoTime, parseSince, timeMsOf } from "../output/time.ts";
import { parseTarget } from "../target.ts";

export const json = {
  component: "component",
  time: "when it was printed (ISO 8601)",
  stream: "stdout or stderr",
  text: "the line, without its end",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .argument("<service[/component]>", "service, or one component of it")
    .option("-f, --follow", "wait for more")
    .option("--since <time>", "from this time or this long ago")
    .option("-n, --tail <lines>", "only the last lines of each component", lineCount)
    .option("-t, --timestamps", "show when each line was printed")
    .addHelpText("after", examples)
    .action(async (text, options, self) => {
      await using context = await openContext(self, invocation);
      const { service, component } = parseTarget(text);
      const { node } = await locateService(context, service);
      const show = lineWriter(context.output, {
        prefixed: component === "",
        timestamps: options.timestamps === true,
      });
      const request = {
        service,
        component,
        follow: options.follow === true,
        ...(options.tail === undefined ? {} : { tail: options.tail }),
        ...(options.since === undefined
          ? {}
          : { since: timestampFromMs(parseSince(options.since, invocation.clock.now())) }),
      };
      await context.nodes.call(node, async (agent, signal) => {
        for await (const { lines } of agent.logs(request, { signal })) for (const line of lines) show(line);
      });
    });
}

const colours = ["cyan", "magenta", "yellow", "blue", "green"] as const;

/** Writes log lines; several components are told apart by a prefix, each in its colour. */
function lineWriter(
  output: Output,
  options: { prefixed: boolean; timestamps: boolean },
): (line: LogLine) => void {
  const seen = new Map<string, (typeof colours)[number]>();
  return ({ component, timestamp, stream, text }) => {
    if (output.format === "json")
      return output.jsonLine({ component, time: isoTime(timestamp), stream, text });
    if (!seen.has(component)) seen.set(component, colours[seen.size % colours.length] ?? "cyan");
    const prefix = options.prefixed ? `${output.style(seen.get(component) ?? "cyan", component)} | ` : "";
    const time = options.timestamps
      ? `${output.style("dim", formatLocalTime(timeMsOf(timestamp) ?? 0))} `
      : "";
    output.print(`${prefix}${time}${text}`);
  };
}

const examples = `
Examples:
  mcp logs metacrypt --tail 100
  mcp logs metacrypt/web --follow
  mcp logs metacrypt --since 10m --timestamps
`;
