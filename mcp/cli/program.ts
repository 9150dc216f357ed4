import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import type { CommandEntry } from "./command-entry.ts";
import { commandTable } from "./command-table.ts";
import type { Invocation } from "./invocation.ts";
import { defineCommand, defineLater } from "./lazy-command.ts";
import { version } from "./version.ts";

/** The command line. Commands are declared by name and summary; the one that is used gets the rest from its
 * file just before its arguments are read. */
export function createProgram(invocation: Invocation): CommandUnknownOpts {
  const program = new Command("mcp")
    .description("Deploys services to your machines and shows how they are.")
    .option(
      "-c, --config <file>",
      "configuration file (default: $MCP_CONFIG, else mcp.toml in ~/.config/mcp)",
    )
    .option(
      "--node <name>",
      "only this node; may be repeated",
      (name: string, names: string[] | undefined) => [...(names ?? []), name],
    )
    .addOption(
      new Option("-o, --output <format>", "how to print data").choices(["table", "json"]).default("table"),
    )
    .version(version, "-V, --version", "print the version")
    .option("-q, --quiet", "no messages, only data and errors")
    .option("-v, --verbose", "say more about what is done")
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut: (text) => void invocation.stdout.write(text),
      writeErr: (text) => void invocation.stderr.write(text),
      getOutHelpWidth: () => invocation.stdout.columns ?? 80,
      getErrHelpWidth: () => invocation.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(program.opts().output === "json" ? usageErrorJson(text) : text),
    });
  addCommands(program, commandTable, invocation);
  return program;
}

function addCommands(
  parent: CommandUnknownOpts,
  entries: readonly CommandEntry[],
  invocation: Invocation,
): void {
  for (const entry of entries) {
    const settings = { hidden: "hidden" in entry, isDefault: "isDefault" in entry };
    const command = parent.command(entry.name, settings).summary(entry.summary);
    command.description(sentence(entry.summary));
    if ("commands" in entry) {
      addCommands(command.helpCommand(false), entry.commands, invocation);
    } else {
      defineLater(command, entry.load, invocation);
    }
  }
  parent.hook("preSubcommand", async (_, command) => {
    await defineCommand(command);
  });
}

/** As other errors look in JSON. */
function usageErrorJson(text: string): string {
  const [found = "", hint = ""] = text
    .replace(/^error: /, "")
    .trim()
    .split("\n");
  const remedy = hint === "" ? "see `mcp help`" : hint.replace(/^\((.*)\)$/, "$1");
  const error = { code: "USAGE_INVALID", attempted: "understand the command line", subject: "", found };
  return `${JSON.stringify({ error: { ...error, remedy, facts: {}, output: [] } }, undefined, 2)}\n`;
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
