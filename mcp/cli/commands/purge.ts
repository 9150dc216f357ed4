import type { Command } from "@commander-js/extra-typings";

import { type Context, openContext } from "../context.ts";
import { type Definitions, readAllDefinitions, type UnusableDefinition } from "../definitions/read-all.ts";
import type { Invocation } from "../invocation.ts";
import type { NodeFailure } from "../nodes/nodes.ts";
import { confirmed } from "../operations/confirm.ts";
import { carryOutPurge, planPurge, type PurgeRow } from "../operations/purge.ts";
import { errorView, formatError } from "../output/error.ts";
import { exitCodeOfFailures } from "../output/exit-code.ts";
import { parseTarget, type Target } from "../target.ts";
import { complainOfNodes, failuresJson, failuresView } from "../view/answers.ts";
import { purgeQuestion, purgeRowJson, purgeView, showPurge } from "../view/purge.ts";

export const json = {
  dry_run: "whether nothing was done",
  entries: `per registry entry in no definition: ${Object.keys(purgeRowJson).join(", ")}`,
  unusable: "per definition that cannot be read, whose service is left alone: service, error",
  failures: failuresJson,
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Forgets what a node has in its registry, no definition declares, and nothing runs for. Stopped containers of such entries are removed. Data directories stay.",
    )
    .argument("[service[/component]]", "only this service, or one component of it")
    .option("-y, --yes", "do not ask")
    .option("--dry-run", "only show what would be purged")
    .addHelpText("after", examples)
    .action(async (text, options, self) => {
      await using context = await openContext(self, invocation);
      const target = text === undefined ? { service: "", component: "" } : parseTarget(text);
      const definitions = await readAllDefinitions(context.config.servicesDirectory);
      for (const { service, error } of definitions.unusable) if (service === target.service) throw error;
      await purge(context, target, definitions, {
        yes: options.yes === true,
        dryRun: options.dryRun === true,
      });
    });
}

async function purge(
  context: Context,
  target: Target,
  definitions: Definitions,
  { yes, dryRun }: { yes: boolean; dryRun: boolean },
): Promise<void> {
  const { output } = context;
  const asked = await planPurge(context, target, definitions);
  const planned = asked.answers.flatMap(({ node, value }) => value.map((result) => ({ node, result })));
  const unusable = target.service === "" ? definitions.unusable : [];
  const finish = (rows: readonly PurgeRow[], failures: readonly NodeFailure[]) =>
    report(context, { rows, unusable, failures: [...asked.failures, ...failures], dryRun });
  if (dryRun || !planned.some(({ result }) => result.purged)) return finish(planned, []);
  const { lines, question } = purgeQuestion(output, planned);
  if (!yes) output.complain(...lines);
  if (!(await confirmed(context, question, yes))) return;
  const { rows, failures } = await carryOutPurge(context, planned, target, definitions);
  finish(rows, failures);
}

function report(
  context: Context,
  about: {
    rows: readonly PurgeRow[];
    unusable: readonly UnusableDefinition[];
    failures: readonly NodeFailure[];
    dryRun: boolean;
  },
): void {
  const { output, invocation } = context;
  const { rows, unusable, failures, dryRun } = about;
  const refused = rows.flatMap(({ result }) => result.error ?? []);
  const errors = [...refused, ...[...unusable, ...failures].map(({ error }) => error)];
  invocation.exitCode = exitCodeOfFailures(rows.length - refused.length, errors);
  if (output.format === "json") {
    const files = unusable.map(({ service, error }) => ({ service, error: errorView(error) }));
    const entries = rows.map(purgeView);
    return output.json({ dry_run: dryRun, entries, unusable: files, failures: failuresView(failures) });
  }
  showPurge(output, rows, dryRun);
  for (const { service, error } of unusable) {
    output.complain(...formatError(error, output.styleMessage("red", `${service} is left alone`)));
  }
  complainOfNodes(context, failures);
  if (rows.length === 0 && errors.length === 0) output.say("nothing to purge: all is in definitions");
}

const examples = `
What runs is refused, and so is what a definition that cannot be read may be about.

Examples:
  mcp purge --dry-run        show what no definition declares
  mcp purge old              forget this service
  mcp purge shop/worker -y   forget one component, without asking
`;
