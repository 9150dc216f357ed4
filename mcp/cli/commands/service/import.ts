import { homedir } from "node:os";
import { basename, relative, resolve } from "node:path";

import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import { type Context, openContext } from "../../context.ts";
import { readBytesIfThere, saveDefinition } from "../../definitions/file.ts";
import { assertServiceName, definitionPath } from "../../definitions/find.ts";
import { type Imported, importFiles } from "../../importing/import.ts";
import { readText } from "../../importing/read-text.ts";
import { type Note, type NoteKind, Report } from "../../importing/report.ts";
import type { Invocation } from "../../invocation.ts";
import { confirmed } from "../../operations/confirm.ts";
import type { Output } from "../../output/output.ts";
import { plain } from "../../output/table.ts";
import { printDocument } from "../../toml/print.ts";

export const json = {
  services: "list of service, file (null where none was written) and definition",
  notes: "list of kind (left-out, changed), file, line, key and message",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Makes definitions from compose files or Quadlet units, and lists what they could not carry over. A compose file becomes one service, and so do the units of a directory.",
    )
    .argument("<files...>", "compose files, .container units, or directories with them")
    .option(
      "--service <name>",
      "name of the service (default: the project's name, or what the units have in common)",
    )
    .option(
      "--image <component=image>",
      "image of a component in place of the file's, or :tag for another version; may be repeated",
      image,
    )
    .option("-f, --file <file>", "file to write (default: <service>.toml in the services directory)")
    .option("--stdout", "write to standard output")
    .option("-y, --yes", "do not ask before a file is replaced")
    .option("--dry-run", "only show the definitions and what they could not carry over")
    .addHelpText("after", examples)
    .action(async (files, options, self) => {
      await using context = await openContext(self, invocation);
      const { output, config, globals } = context;
      if (options.service !== undefined) assertServiceName(options.service);
      const report = new Report();
      const chosen = { service: options.service, node: chosenNode(context) };
      const imported = await importFiles(files, chosen, {
        environment: invocation.environment,
        home: homedir(),
        images: options.image ?? new Map<string, string>(),
        report,
        read: readText,
      });
      assertComplete(report);
      assertOneFile(
        imported,
        options.stdout === true ? "--stdout" : options.file === undefined ? undefined : "-f",
      );
      const write = options.stdout !== true && options.dryRun !== true;
      const targets = imported.map((each) => ({
        ...each,
        file: write
          ? resolve(options.file ?? definitionPath(config.servicesDirectory, each.name))
          : undefined,
      }));
      showNotes(output, report.notes);
      for (const { definition, file } of targets) {
        if (file === undefined) {
          if (globals.output === "table") output.print(printDocument(definition).trimEnd());
        } else if (!(await save(context, file, printDocument(definition), options.yes === true))) return;
      }
      if (output.format !== "json") return;
      output.json({
        services: targets.map(({ name, file, definition }) => ({
          service: name,
          file: file ?? null,
          definition,
        })),
        notes: report.notes,
      });
    });
}

/** Reads `component=image` into what was given before. */
function image(text: string, before: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, string> {
  const equals = text.indexOf("=");
  if (equals <= 0 || equals === text.length - 1)
    throw new InvalidArgumentError('Write "component=image" or "component=:tag".');
  return new Map([...(before ?? []), [text.slice(0, equals), text.slice(equals + 1)]]);
}

/** The node in --node, else the only one. */
function chosenNode({ config, globals }: Context): string {
  const names = globals.node.length > 0 ? globals.node : config.nodes.map(({ name }) => name);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  throw new DetailedError({
    code: "NODE_MISSING",
    category: "invalid-argument",
    attempted: "import",
    found: names.length === 0 ? "no node is configured" : `it could be for ${names.join(", ")}`,
    remedy: names.length === 0 ? "add one with `mcp node add`" : "choose one with --node",
  });
}

/** Throws while something has to be answered first: a definition that would not be valid is never written. */
function assertComplete(report: Report): void {
  const problems = report.notes.filter(({ kind }) => kind === "problem");
  if (problems.length === 0) return;
  throw new DetailedError({
    code: "IMPORT_INCOMPLETE",
    category: "invalid-argument",
    attempted: "import",
    found:
      problems.length === 1
        ? "one thing has to be settled first; nothing was written"
        : `${problems.length} things have to be settled first; nothing was written`,
    remedy: "do what is said above, and do this again",
    output: problems.map(noteLine),
  });
}

function assertOneFile(imported: readonly Imported[], option: string | undefined): void {
  if (option === undefined || imported.length <= 1) return;
  throw new DetailedError({
    code: "IMPORT_SEVERAL",
    category: "invalid-argument",
    attempted: "import",
    found: `these are ${imported.length} services (${imported.map(({ name }) => name).join(", ")}), and ${option} is for one`,
    remedy: `import them one by one, or leave ${option} out`,
  });
}

function showNotes(output: Output, notes: readonly Note[]): void {
  const headings: [NoteKind, string][] = [
    ["changed", "carried over differently:"],
    ["left-out", "not carried over:"],
  ];
  for (const [kind, heading] of headings) {
    const lines = notes.filter((note) => note.kind === kind).map((note) => `  ${noteLine(note)}`);
    if (lines.length > 0) output.complain(heading, ...lines);
  }
}

/** `file:line: key: message`, with a short path; no key where the file as a whole is meant. */
function noteLine({ file, line, key, message }: Note): string {
  const short = relative(process.cwd(), file);
  const about = key === basename(file) ? message : `${key}: ${message}`;
  return plain(`${short.startsWith("..") ? file : short}:${line}: ${about}`);
}

async function save(context: Context, file: string, text: string, yes: boolean): Promise<boolean> {
  const before = await readBytesIfThere(file);
  if (before !== undefined && Buffer.from(before).toString("utf8") === text) {
    context.output.say(`${file} says this already`);
    return true;
  }
  if (before !== undefined && !(await confirmed(context, `Replace ${file}?`, yes))) return false;
  await saveDefinition(file, before, text);
  context.output.say(`${before === undefined ? "created" : "replaced"} ${file}`);
  return true;
}

const examples = `
An image without a version, or with the tag latest, is a question to you: definitions name the version.

Examples:
  mcp service import compose.yaml --dry-run
  mcp service import compose.yaml --image web=:1.27.3 --image db=docker.io/library/postgres:17.2
  mcp --node rift service import ~/.config/containers/systemd --service shop
`;
