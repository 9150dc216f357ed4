import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Command } from "@commander-js/extra-typings";
import type { TestAlertResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../../context.ts";
import type { Invocation } from "../../invocation.ts";
import { exitCodeOfFailures } from "../../output/exit-code.ts";
import type { Output } from "../../output/output.ts";
import { plain } from "../../output/table.ts";
import { formatSpan } from "../../output/time.ts";
import { failuresJson, failuresView, reportFailures } from "../../view/answers.ts";

export const json = {
  tests:
    "per node: node, argv (empty: no command is configured), success, error, output (the last 4 KiB of what the command printed), duration_ms",
  failures: failuresJson,
} as const;

/** More than the agent gives the command, with what it takes to end one. */
const timeoutMs = 45_000;

type Row = { readonly node: string; readonly test: TestAlertResponse };

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Runs the alert command of all nodes, or of those chosen by --node, with MCP_ALERT_TYPE=test, and shows how it ends. The exit code is 1 where none ends well, and 5 where some do.",
    )
    .addHelpText("after", "\nExample:\n  mcp alerts test --node rift\n")
    .action(async (_, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      const asked = await context.nodes.ask((agent, signal) => agent.testAlert({}, { signal, timeoutMs }));
      const rows = asked.answers.map(({ node, value }): Row => ({ node, test: value }));
      if (output.format === "json") {
        output.json({ tests: rows.map(testView), failures: failuresView(asked.failures) });
      } else {
        for (const row of rows) showTest(output, row);
      }
      reportFailures(context, asked);
      const failed = rows.filter(({ test }) => !test.success);
      const errors = asked.failures.map(({ error }) => error);
      if (failed.length > 0) {
        invocation.exitCode = exitCodeOfFailures(rows.length - failed.length, [...errors, ...failed]);
      }
    });
}

function showTest(output: Output, { node, test }: Row): void {
  const { argv, success, error, duration } = test;
  if (argv.length === 0) {
    output.print(`node ${node}: ${plain(error)}`);
    output.say('  set alert_command = ["/path/of/program"] in [monitor] of its agent\'s configuration');
    return;
  }
  const took = duration === undefined ? "" : ` after ${formatSpan(durationMs(duration))}`;
  const verdict = success
    ? output.style("green", "ended well")
    : output.style("red", `failed: ${plain(error)}`);
  output.print(`node ${node}: ${plain(argv.join(" "))}${took}: ${verdict}`);
  for (const line of test.output.trimEnd().split("\n")) {
    if (line !== "") output.print(`  ${plain(line)}`);
  }
}

function testView({ node, test }: Row): Record<string, unknown> {
  const { argv, success, error, output, duration } = test;
  return {
    node,
    argv,
    success,
    error,
    output,
    duration_ms: duration === undefined ? null : durationMs(duration),
  };
}
