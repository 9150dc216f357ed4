import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { ListImmutabilityRulesResponseSchema, RuleService } from "@metacircular/proto/gen/mcr/v1/rules_pb.ts";
import type { CommandContext } from "./context.ts";
import { collect } from "./numbers.ts";
import { priorityOption } from "./priority-option.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { defineRuleKind, listText } from "./rule-kind.ts";

export function defineImmutable(parent: Command, context: CommandContext): void {
  const immutable = defineRuleKind(parent, context, {
    name: "immutable",
    about: "which tags stay what they are",
    schema: ListImmutabilityRulesResponseSchema,
    list: (client) => client.listImmutabilityRules({}),
    rulesOf: ({ rules }) => rules,
    header: ["PRIORITY", "ID", "REPOSITORIES", "TAGS", "IMMUTABLE", "DELETABLE"],
    cells: ({ priority, id, repositories, tags, immutable, deletable }) => [
      String(priority),
      id,
      listText(repositories),
      listText(tags),
      immutable ? "yes" : "no",
      deletable || !immutable ? "yes" : "no",
    ],
    remove: (client, id) => client.deleteImmutabilityRule({ id }),
  });
  defineSet(immutable, context);
}

function defineSet(parent: Command, context: CommandContext): void {
  parent
    .command("set")
    .summary("add a rule, or replace the one with its id")
    .description(
      "The first rule that matches a repository and a tag decides. What is left out matches everything; --repository " +
        'and --tag can be given several times. The tag "semver" stands for versions such as 1.2.3 and v1.2.3-rc.1. ' +
        "For administrators.",
    )
    .argument("<id>")
    .addOption(priorityOption())
    .option("--repository <pattern>", "name of a repository", collect, [] as string[])
    .option("--tag <pattern>", "a tag, or semver", collect, [] as string[])
    .option("--movable", "an exception: these tags can be moved", false)
    .option("--deletable", "who may delete in the repository may delete these tags nevertheless", false)
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "mcr immutable set releases --repository 'team/**' --tag semver --tag 'release-*'",
        "mcr immutable set playground --priority 10 --repository 'playground/**' --movable",
      ),
    )
    .action(async (id, options) => {
      const { priority, repository: repositories, tag: tags, movable, deletable } = options;
      const rule = { id, priority, repositories, tags, immutable: !movable, deletable };
      await callServer(context, options, RuleService, (client) => client.putImmutabilityRule({ rule }));
      context.terminal.say(`Stored the rule ${id}.`);
    });
}
