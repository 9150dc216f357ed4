import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { toJson } from "@bufbuild/protobuf";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import {
  Effect,
  type PolicyRule,
  PolicyRuleSchema,
  PolicyService,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import { type CommandContext } from "./context.ts";
import { callServer, caOption, serverNameOption, serverOption, tokenFileOption } from "./remote.ts";

const DEFAULT_PRIORITY = 100;

export function definePolicy(parent: Command, context: CommandContext): void {
  const policy = parent.command("policy").description("who may do what on which mount, for which names");
  defineAdd(policy, context);
  defineList(policy, context);
  defineRemove(policy, context);
}

function defineAdd(parent: Command, context: CommandContext): void {
  parent
    .command("add")
    .summary("add a rule, or replace the one with its id")
    .description(
      "What is left out matches everything; each option can be given several times. Rules are asked from the " +
        "smallest priority to the largest, the first that matches decides, and where none does it is refused. " +
        'In names, "*" is one label and "**" one or more. For administrators.',
    )
    .argument("<id>")
    .addOption(
      new Option("--effect <effect>", "what it decides")
        .choices(["allow", "deny"] as const)
        .makeOptionMandatory(),
    )
    .option("--priority <number>", "smaller ones are asked first", parsePriority, DEFAULT_PRIORITY)
    .option("--account <pattern>", "name of an account", collect, [] as string[])
    .addOption(
      new Option("--kind <kind>", "kind of account")
        .choices(["human", "system"])
        .argParser(collect)
        .default([] as string[]),
    )
    .option("--role <role>", "role of an account", collect, [] as string[])
    .option("--mount <pattern>", "name of a mount", collect, [] as string[])
    .option("--operation <pattern>", "such as ca/issue or ca/*", collect, [] as string[])
    .option("--name <pattern>", "name in certificates", collect, [] as string[])
    .option("--wildcards", "also allow certificates for wildcards", false)
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "metacrypt policy add agents --effect allow --account mcp-agent --mount pki \\\n" +
          "      --operation 'ca/issue' --operation 'acme/*' --name '*.svc.example.org'",
        "metacrypt policy add no-root --effect deny --priority 10 --operation 'ca/*-issuer'",
      ),
    )
    .action(async (id, options) => {
      const { effect, priority, account, kind, role, mount, operation, name, wildcards } = options;
      const rule = {
        id,
        priority,
        effect: effect === "allow" ? Effect.ALLOW : Effect.DENY,
        accounts: account,
        kinds: kind,
        roles: role,
        mounts: mount,
        operations: operation,
        names: name,
        wildcards,
      };
      await callServer(context, options, PolicyService, (client) => client.putRule({ rule }));
      context.terminal.say(`Stored the rule ${id}.`);
    });
}

function defineList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the rules in the order in which they are asked")
    .description("Lists the rules; - stands for everything. For administrators.")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("metacrypt policy list"))
    .action(async (options) => {
      const { rules } = await callServer(context, options, PolicyService, (client) => client.listRules({}));
      if (options.output === "json") {
        const form = { useProtoFieldName: true, alwaysEmitImplicit: true };
        const json = rules.map((rule) => toJson(PolicyRuleSchema, rule, form));
        return context.terminal.out(JSON.stringify(json, undefined, 2));
      }
      const header = ["PRIORITY", "ID", "EFFECT", "WHO", "MOUNTS", "OPERATIONS", "NAMES"];
      for (const line of formatTable(header, rules.map(cells))) context.terminal.out(line);
    });
}

function defineRemove(parent: Command, context: CommandContext): void {
  parent
    .command("remove")
    .summary("remove a rule")
    .description("Removes a rule; it counts at once. For administrators.")
    .argument("<id>")
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("metacrypt policy remove agents"))
    .action(async (id, options) => {
      await callServer(context, options, PolicyService, (client) => client.deleteRule({ id }));
      context.terminal.say(`Removed the rule ${id}.`);
    });
}

function cells({ id, priority, effect, accounts, kinds, roles, ...rule }: PolicyRule): string[] {
  const { mounts, operations, names, wildcards } = rule;
  const who = [...accounts, ...kinds.map((kind) => `kind ${kind}`), ...roles.map((role) => `role ${role}`)];
  const shown = (list: readonly string[]): string => (list.length === 0 ? "-" : list.join(" "));
  const named = `${shown(names)}${wildcards ? " (and wildcards)" : ""}`;
  const decides = effect === Effect.ALLOW ? "allow" : "deny";
  return [String(priority), id, decides, shown(who), shown(mounts), shown(operations), named];
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

function parsePriority(text: string): number {
  if (/^\d{1,7}$/u.test(text) && Number(text) <= 1_000_000) return Number(text);
  throw new InvalidArgumentError("Give a number from 0 to 1000000.");
}
