import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import { defineCommand } from "../lazy-command.ts";

/** A word that can be typed next. */
export interface Candidate {
  readonly word: string;
  /** Empty: it explains itself. */
  readonly meaning: string;
}

/** Names that only the configuration and the nodes know. */
export interface LiveNames {
  nodes(): Promise<string[]>;
  services(): Promise<string[]>;
  /** `service/component` for every component of the service. */
  components(service: string): Promise<string[]>;
  /** `service/image` for every image that the service's definition builds. */
  images(service: string): Promise<string[]>;
}

/** Words that continue a command line.
 * @param words after the program's name; the last one is being typed and may be empty */
export async function candidatesFor(
  program: CommandUnknownOpts,
  words: readonly string[],
  live: LiveNames,
): Promise<Candidate[]> {
  const typed = words.at(-1) ?? "";
  const { command, operands, open } = await walk(program, words.slice(0, -1));
  const all = open === undefined ? await next(command, operands, typed, live) : await valuesOf(open, live);
  return all.filter(({ word }) => word.startsWith(typed));
}

/** The command that the words lead to, its operands so far, and the option that waits for its value. */
async function walk(
  program: CommandUnknownOpts,
  words: readonly string[],
): Promise<{ command: CommandUnknownOpts; operands: number; open: Option | undefined }> {
  let command = program;
  let operands = 0;
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined) {
      open = undefined;
      continue;
    }
    const option = word.startsWith("-")
      ? optionsOf(command).find(({ short, long }) => short === word || long === word)
      : undefined;
    if (option !== undefined) open = option.required || option.optional ? option : undefined;
    else if (!word.startsWith("-")) {
      const child = command.commands.find((each) => each.name() === word);
      if (child === undefined) operands += 1;
      else {
        command = child;
        operands = 0;
        await defineCommand(command);
      }
    }
  }
  return { command, operands, open };
}

async function next(
  command: CommandUnknownOpts,
  operands: number,
  typed: string,
  live: LiveNames,
): Promise<Candidate[]> {
  if (typed.startsWith("-")) {
    return optionsOf(command).map((option) => ({
      word: option.long ?? option.short ?? "",
      meaning: option.description,
    }));
  }
  const children = command
    .createHelp()
    .visibleCommands(command)
    .map((child) => ({ word: child.name(), meaning: child.summary() }));
  if (children.length > 0) return children;
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[operands] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? [] : argumentValues(argument, typed, live);
}

/** Options of the command and of those it belongs to. */
function optionsOf(command: CommandUnknownOpts): Option[] {
  const inherited = command.parent === null ? [] : optionsOf(command.parent);
  return [...command.options, ...inherited].filter(({ hidden }) => !hidden);
}

async function valuesOf(option: Option, live: LiveNames): Promise<Candidate[]> {
  if (option.argChoices !== undefined) return option.argChoices.map(bare);
  if (option.long === "--node") return (await live.nodes()).map(bare);
  if (option.long === "--service") return (await live.services()).map(bare);
  return [];
}

async function argumentValues(argument: Argument, typed: string, live: LiveNames): Promise<Candidate[]> {
  if (argument.argChoices !== undefined) return argument.argChoices.map(bare);
  switch (argument.name()) {
    case "node":
      return (await live.nodes()).map(bare);
    case "service":
      return (await live.services()).map(bare);
    case "service[/component]": {
      const slash = typed.indexOf("/");
      return (await (slash < 0 ? live.services() : live.components(typed.slice(0, slash)))).map(bare);
    }
    case "service[/image]": {
      const slash = typed.indexOf("/");
      return (await (slash < 0 ? live.services() : live.images(typed.slice(0, slash)))).map(bare);
    }
    default:
      return [];
  }
}

function bare(word: string): Candidate {
  return { word, meaning: "" };
}
