import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import { ListQuotaRulesResponseSchema, RuleService } from "@metacircular/proto/gen/mcr/v1/rules_pb.ts";
import type { CommandContext } from "./context.ts";
import { collect, parseSize } from "./numbers.ts";
import { priorityOption } from "./priority-option.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { defineRuleKind, listText } from "./rule-kind.ts";

export function defineQuota(parent: Command, context: CommandContext): void {
  const quota = defineRuleKind(parent, context, {
    name: "quota",
    about: "how much a repository may hold",
    schema: ListQuotaRulesResponseSchema,
    list: (client) => client.listQuotaRules({}),
    rulesOf: ({ rules }) => rules,
    header: ["PRIORITY", "ID", "REPOSITORIES", "SIZE"],
    cells: ({ priority, id, repositories, bytes }) => [
      String(priority),
      id,
      listText(repositories),
      sizeText(Number(bytes)),
    ],
    remove: (client, id) => client.deleteQuotaRule({ id }),
  });
  defineSet(quota, context);
}

function defineSet(parent: Command, context: CommandContext): void {
  parent
    .command("set")
    .summary("add a rule, or replace the one with its id")
    .description(
      "The first rule that matches a repository decides how much it may hold, each blob and manifest counted once; " +
        "without one it is unlimited. For administrators.",
    )
    .argument("<id>")
    .argument("<size>", "of each repository, such as 500M or 20G", parseSize)
    .addOption(priorityOption())
    .option("--repository <pattern>", "name of a repository", collect, [] as string[])
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr quota set teams 20G --repository 'team/**'"))
    .action(async (id, bytes, options) => {
      const rule = { id, priority: options.priority, repositories: options.repository, bytes };
      await callServer(context, options, RuleService, (client) => client.putQuotaRule({ rule }));
      context.terminal.say(`Stored the rule ${id}.`);
    });
}
