import { resolve } from "node:path";

import type { Command } from "@commander-js/extra-typings";
import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";

import { type Context, openContext } from "../../context.ts";
import { readBytesIfThere, saveDefinition } from "../../definitions/file.ts";
import { definitionPath } from "../../definitions/find.ts";
import { definitionFrom } from "../../definitions/read.ts";
import { registeredSpec } from "../../definitions/registered.ts";
import { definitionText, rewriteDefinition } from "../../definitions/rewrite.ts";
import type { Invocation } from "../../invocation.ts";
import { locateService } from "../../nodes/locate.ts";
import { confirmed } from "../../operations/confirm.ts";
import { lineDiff } from "../../output/line-diff.ts";
import { plain } from "../../output/table.ts";

export const json = {
  service: "service",
  node: "node",
  file: "file that was written",
  result: "created, changed or unchanged; with --dry-run what it would be",
  diff: "lines that differ, in unified form",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Writes what a service's node has in its registry into the definition file. Of a file that is there, only what differs is changed; comments, order and form stay.",
    )
    .argument("<service>", "service to export")
    .option(
      "-f, --file <file>",
      'file to write (default: <service>.toml in the services directory); "-": standard output',
    )
    .option("-y, --yes", "do not ask before a file is changed")
    .option("--dry-run", "only show what would change")
    .addHelpText("after", examples)
    .action(async (service, options, self) => {
      await using context = await openContext(self, invocation);
      const { node } = await locateService(context, service);
      const spec = await registeredSpec(context.nodes, node, service);
      if (options.file === "-") return context.output.print(definitionText(spec).trimEnd());
      const file = resolve(options.file ?? definitionPath(context.config.servicesDirectory, service));
      await exportTo(context, file, spec, { yes: options.yes === true, dryRun: options.dryRun === true });
    });
}

async function exportTo(
  context: Context,
  file: string,
  spec: ServiceSpec,
  { yes, dryRun }: { yes: boolean; dryRun: boolean },
): Promise<void> {
  const { output } = context;
  const before = await readBytesIfThere(file);
  const text = before === undefined ? "" : Buffer.from(before).toString("utf8");
  const after =
    before === undefined
      ? definitionText(spec)
      : rewriteDefinition(text, definitionFrom(before, file, spec.name), spec);
  const diff = lineDiff(text, after);
  const result = before === undefined ? "created" : after === text ? "unchanged" : "changed";
  const show = (): void => {
    if (output.format === "json") output.json({ service: spec.name, node: spec.node, file, result, diff });
  };
  if (result === "unchanged") {
    output.say(`${file} says what ${spec.node} has; nothing to change`);
    return show();
  }
  if (dryRun) {
    if (output.format === "table") output.print(`--- ${file}`, `+++ ${spec.node}`, ...diff.map(plain));
    return show();
  }
  if (result === "changed") {
    output.say(...diff.map(plain));
    if (!(await confirmed(context, `Change ${file}?`, yes))) return;
  }
  await saveDefinition(file, before, after);
  output.say(`${result} ${file} from what ${spec.node} has`);
  show();
}

const examples = `
Examples:
  mcp service export metacrypt              after \`mcp adopt\`, or after a rollback
  mcp service export metacrypt --dry-run    only show what would change
  mcp service export metacrypt -f -         to standard output
`;
