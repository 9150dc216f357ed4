import type { Command } from "@commander-js/extra-typings";
import type { FindingSeverity } from "@metacircular/mcp-core/doctor/finding.ts";

import { examine } from "../doctor/examine.ts";
import { countsOf, examinationLines, exitCodeOf, summaryLine } from "../doctor/show.ts";
import { globalsOf } from "../globals.ts";
import type { Invocation } from "../invocation.ts";
import { Output } from "../output/output.ts";

const finding = "check, severity (ok, warning, problem, unknown), subject, found, remedy";

export const json = {
  machine: `what was found on this machine: ${finding}`,
  nodes: `per node: node, address, findings (${finding})`,
  counts: "number of findings: problem, warning, unknown, ok",
} as const;

const colours = { problem: "red", warning: "yellow", unknown: "cyan", ok: "green" } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .argument("[node]", "only this node, beside this machine")
    .addHelpText("after", examples)
    .action(async (name, _, self) => {
      const globals = globalsOf(self);
      const output = new Output(invocation, globals);
      const node = name === undefined ? globals.node : [name];
      const examination = await examine({ ...globals, node }, invocation, output);
      invocation.exitCode = exitCodeOf(examination);
      if (output.format === "json") return output.json({ ...examination, counts: countsOf(examination) });
      const style = (severity: FindingSeverity, text: string) => output.style(colours[severity], text);
      output.print(...examinationLines(examination, globals.verbose, style));
      output.say("", summaryLine(examination));
    });
}

const examples = `
It looks at the configuration, the definitions, the login, the identity service, podman and the registry where images
are built, and at every node: connection,
certificate, versions, clock, container runtime, disk, registry, permissions, what is left over. It changes nothing.
Each finding says how to mend it.

The exit code is 0 without problems, 4 where problems are only that something cannot be reached, else 1.

Examples:
  mcp doctor                            this machine and all nodes
  mcp doctor rift                       this machine and node rift
  mcp doctor -v                         what is fine, too
`;
