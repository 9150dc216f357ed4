import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Command } from "@commander-js/extra-typings";
import type { Client } from "@connectrpc/connect";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { RuleService } from "@metacircular/proto/gen/mcr/v1/rules_pb.ts";
import type { CommandContext } from "./context.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";

type RuleClient = Client<typeof RuleService>;

/** What the commands about one kind of rules differ in. */
export interface RuleKind<Answer extends DescMessage, Rule> {
  /** Of the command, e.g. `quota`. */
  readonly name: string;
  readonly about: string;
  readonly schema: Answer;
  list(client: RuleClient): Promise<MessageShape<Answer>>;
  rulesOf(answer: MessageShape<Answer>): readonly Rule[];
  readonly header: readonly string[];
  cells(rule: Rule): readonly string[];
  remove(client: RuleClient, id: string): Promise<unknown>;
}

/** Defines the command of a kind with `list` and `remove`. @returns it, for `set` to be added */
export function defineRuleKind<Answer extends DescMessage, Rule>(
  parent: Command,
  context: CommandContext,
  kind: RuleKind<Answer, Rule>,
): Command {
  const { name } = kind;
  const command = parent.command(name).description(kind.about);
  command
    .command("list")
    .summary("list the rules in the order in which they are asked")
    .description("Lists the rules; - stands for everything. For administrators.")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples(`mcr ${name} list`, `mcr ${name} list -o json`))
    .action(async (options) => {
      const answer = await callServer(context, options, RuleService, (client) => kind.list(client));
      const { terminal } = context;
      if (options.output === "json") return terminal.out(jsonText(kind.schema, answer));
      const rows = kind.rulesOf(answer).map((rule) => kind.cells(rule));
      for (const line of formatTable(kind.header, rows)) terminal.out(line);
    });
  command
    .command("remove")
    .summary("remove a rule")
    .description("Removes a rule; that counts at once. For administrators.")
    .argument("<id>")
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples(`mcr ${name} remove my-rule`))
    .action(async (id, options) => {
      await callServer(context, options, RuleService, (client) => kind.remove(client, id));
      context.terminal.say(`Removed the rule ${id}.`);
    });
  return command;
}

/** `-` stands for everything. */
export function listText(list: readonly string[]): string {
  return list.length === 0 ? "-" : list.join(" ");
}
