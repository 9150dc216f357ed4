import type { Command } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { definitionToSpec } from "@metacircular/mcp-core/definition/convert.ts";
import { specToMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { ServiceSpec } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { type Context, openContext } from "../context.ts";
import type { LoadedDefinition } from "../definitions/find.ts";
import { type Definitions, readAllDefinitions, readDefinitions } from "../definitions/read-all.ts";
import type { Invocation } from "../invocation.ts";
import type { Answers } from "../nodes/nodes.ts";
import { holders, type NodeSync, syncNodes } from "../operations/sync.ts";
import { type ImageOptions, makeMissingOf } from "../operations/images.ts";
import type { PlannedImages } from "../operations/plan.ts";
import { exitCodeOfFailures } from "../output/exit-code.ts";
import { plain } from "../output/table.ts";
import { complainOfNodes, failuresJson, failuresView } from "../view/answers.ts";
import {
  showSync,
  showUnmanaged,
  type SyncRow,
  syncRowJson,
  syncView,
  unmanagedJson,
  unmanagedView,
} from "../view/sync.ts";

export const json = {
  dry_run: "whether nothing was done",
  steps:
    "images that were built and pushed, or would be: kind (build-image, push-image), component, description",
  notes: "what could not be told beforehand",
  services: `per definition: ${Object.keys(syncRowJson).join(", ")}`,
  unmanaged: `containers that MCP does not manage: ${Object.keys(unmanagedJson).join(", ")}`,
  failures: failuresJson,
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Builds and pushes the images that are missing, and sends every definition to the node that it names, which records what should be. What is inactive is stopped; nothing is started, replaced or removed: `mcp deploy` does that.",
    )
    .argument("[service...]", "only these services")
    .option("--dry-run", "only show what would change")
    .option("--no-build", "build no images, even where they are missing")
    .option("--allow-dirty", "build releases also of files that are not committed and tagged as they are")
    .addHelpText("after", examples)
    .action(async (services, options, self) => {
      await using context = await openContext(self, invocation);
      await sync(context, services, { ...options, dryRun: options.dryRun === true });
    });
}

async function sync(
  context: Context,
  services: readonly string[],
  options: ImageOptions & { readonly dryRun: boolean },
): Promise<void> {
  const { dryRun } = options;
  const read = await definitionsOf(context, services);
  const { usable, images, rows: unbuilt } = await withImages(context, read.usable, options);
  const definitions = { usable, unusable: read.unusable };
  const { byNode, rows: unassigned } = assign(context, definitions, services.length > 0);
  const unsent = [...unassigned, ...unbuilt];
  const nothing = { answers: [], failures: [] };
  const [asked, held] =
    byNode.size === 0
      ? [nothing, new Map<string, string[]>()]
      : await Promise.all([syncNodes(context, byNode, dryRun), holders(context)]);
  const rows = [...unsent, ...answeredRows(asked, byNode, held)].toSorted(byName);
  show(context, { rows, asked, dryRun, images });
  const errors = [...rows.flatMap(({ error }) => error ?? []), ...asked.failures.map(({ error }) => error)];
  const idle = asked.answers.filter(({ node }) => byNode.get(node)?.length === 0).length;
  const done = rows.filter(({ error }) => error === undefined).length + idle;
  context.invocation.exitCode = exitCodeOfFailures(done, errors);
}

/** A machine without definitions is where one begins: then the nodes only tell what they see. */
async function definitionsOf({ config, output }: Context, services: readonly string[]): Promise<Definitions> {
  const directory = config.servicesDirectory;
  if (services.length > 0) return readDefinitions(directory, services);
  try {
    const definitions = await readAllDefinitions(directory);
    if (definitions.usable.length + definitions.unusable.length === 0) {
      output.say(`no definitions in ${directory}`);
    }
    return definitions;
  } catch (thrown) {
    const isMissing =
      thrown instanceof DetailedError && (thrown.cause as { code?: string }).code === "ENOENT";
    if (!isMissing) throw thrown;
    output.say(`no definitions: there is no directory ${directory}`);
    return { usable: [], unusable: [] };
  }
}

/** The definitions whose images are there, or were made now; of the others, why not. */
async function withImages(
  context: Context,
  usable: readonly LoadedDefinition[],
  options: ImageOptions & { readonly dryRun: boolean },
): Promise<{ usable: readonly LoadedDefinition[]; images: PlannedImages; rows: SyncRow[] }> {
  const { node } = context.globals;
  const here = usable.filter(({ definition }) => node.length === 0 || node.includes(definition.node));
  const { failures, ...images } = await makeMissingOf(context, here, options);
  const failed = new Set(failures.map(({ service }) => service));
  const rows = [...failed].map((service) => {
    const error = failures.find((failure) => failure.service === service)?.error;
    const definition = usable.find((loaded) => loaded.definition.name === service)?.definition;
    return { service, node: definition?.node ?? "", result: undefined, notes: [], error };
  });
  return { usable: usable.filter(({ definition }) => !failed.has(definition.name)), images, rows };
}

/** Which node gets which definitions, and the definitions that no node can get. Those of nodes that --node leaves
 * out are left out too, unless they were asked for. */
function assign(
  { nodes, globals, config }: Context,
  { usable, unusable }: Definitions,
  isNamed: boolean,
): { byNode: Map<string, ServiceSpec[]>; rows: SyncRow[] } {
  const chosen = globals.node.length > 0 ? globals.node : config.nodes.map(({ name }) => name);
  for (const name of globals.node) nodes.config(name);
  const byNode = new Map<string, ServiceSpec[]>(isNamed ? [] : chosen.map((name) => [name, []]));
  const rows: SyncRow[] = unusable.map(({ service, error }) => aFailure(service, "", error));
  for (const loaded of usable) {
    const { name, node } = loaded.definition;
    if (globals.node.length > 0 && !chosen.includes(node)) {
      if (isNamed) rows.push(aFailure(name, node, otherNode(loaded, chosen)));
      continue;
    }
    try {
      nodes.config(node);
      const specs = byNode.get(node) ?? [];
      specs.push(specToMessage(definitionToSpec(loaded.definition)));
      byNode.set(node, specs);
    } catch (thrown) {
      if (!(thrown instanceof DetailedError)) throw thrown;
      rows.push(aFailure(name, node, thrown));
    }
  }
  return { byNode, rows };
}

function aFailure(service: string, node: string, error: DetailedError): SyncRow {
  return { service, node, result: undefined, notes: [], error };
}

function otherNode({ file, definition }: LoadedDefinition, chosen: readonly string[]): DetailedError {
  return new DetailedError({
    code: "WRONG_NODE",
    category: "invalid-argument",
    attempted: "sync",
    subject: definition.name,
    found: `${file} names node ${definition.node}, but --node names ${chosen.join(", ")}`,
    remedy: "leave --node out, or change the definition",
  });
}

function answeredRows(
  { answers }: Answers<NodeSync>,
  byNode: ReadonlyMap<string, readonly ServiceSpec[]>,
  held: ReadonlyMap<string, readonly string[]>,
): SyncRow[] {
  return answers.flatMap(({ node, value }) =>
    (byNode.get(node) ?? []).map(({ name: service }): SyncRow => {
      const result = value.results.find(({ name }) => name === service);
      const elsewhere = (held.get(service) ?? []).filter((holder) => holder !== node);
      const moved = elsewhere.map(
        (holder) => `node ${holder} has it as well: mcp undeploy ${service} --node ${holder}`,
      );
      const failure = value.failures.find((each) => each.service === service);
      const notes = [...(result?.notes ?? []), ...moved];
      return { service, node, result, notes, error: result?.error ?? failure?.error };
    }),
  );
}

function show(
  context: Context,
  about: { rows: readonly SyncRow[]; asked: Answers<NodeSync>; dryRun: boolean; images: PlannedImages },
): void {
  const { output, config } = context;
  const { rows, asked, dryRun, images } = about;
  const unmanaged = asked.answers.flatMap(({ node, value }) =>
    value.unmanaged.map((container) => ({ node, container })),
  );
  if (output.format === "json") {
    const services = rows.map(syncView);
    const failures = failuresView(asked.failures);
    return output.json({
      dry_run: dryRun,
      ...images,
      services,
      unmanaged: unmanaged.map(unmanagedView),
      failures,
    });
  }
  if (dryRun) for (const { description } of images.steps) output.print(`would ${plain(description)}`);
  showSync(output, rows, dryRun);
  showUnmanaged(output, unmanaged, config.nodes.length > 1);
  complainOfNodes(context, asked.failures);
}

function byName(a: SyncRow, b: SyncRow): number {
  return a.service < b.service ? -1 : 1;
}

const examples = `
One bad definition, or an image that cannot be built, does not keep the others from being sent; the exit code is then 5.

Examples:
  mcp sync                   all definitions; also shows what runs without one
  mcp sync metacrypt mcr     these two
  mcp sync --dry-run         only show what would change
`;
