import { type Command, Option } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import {
  type AccessRule,
  Effect,
  ListAccessRulesResponseSchema,
  RuleService,
} from "@metacircular/proto/gen/mcr/v1/rules_pb.ts";
import type { CommandContext } from "./context.ts";
import { collect } from "./numbers.ts";
import { definePolicyTest } from "./policy-test.ts";
import { priorityOption } from "./priority-option.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { defineRuleKind, listText } from "./rule-kind.ts";

export function definePolicy(parent: Command, context: CommandContext): void {
  const policy = defineRuleKind(parent, context, {
    name: "policy",
    about: "who may pull, push and delete where",
    schema: ListAccessRulesResponseSchema,
    list: (client) => client.listAccessRules({}),
    rulesOf: ({ rules }) => rules,
    header: ["PRIORITY", "ID", "EFFECT", "WHO", "REPOSITORIES", "ACTIONS"],
    cells,
    remove: (client, id) => client.deleteAccessRule({ id }),
  });
  defineSet(policy, context);
  definePolicyTest(policy, context);
}

function defineSet(parent: Command, context: CommandContext): void {
  parent
    .command("set")
    .summary("add a rule, or replace the one with its id")
    .description(
      "What is left out matches everything; each option can be given several times. Rules are asked from the " +
        "smallest priority to the largest, the first that matches decides, and where none does it is denied. " +
        'In repositories, "*" is within one part of the name and "**" one part or more. Callers without an account are ' +
        "let in only by rules with `--kind anonymous`. For administrators.",
    )
    .argument("<id>")
    .addOption(
      new Option("--effect <effect>", "what it decides")
        .choices(["allow", "deny"] as const)
        .makeOptionMandatory(),
    )
    .addOption(priorityOption())
    .option("--account <pattern>", "name of an account", collect, [] as string[])
    .addOption(
      new Option("--kind <kind>", "kind of account: human, system or anonymous")
        .argParser(collect)
        .default([] as string[]),
    )
    .option("--role <role>", "role of an account", collect, [] as string[])
    .option("--repository <pattern>", "name of a repository", collect, [] as string[])
    .option("--action <action>", "pull, push or delete", collect, [] as string[])
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "mcr policy set ci --effect allow --account ci --repository 'team/**' --action pull --action push",
        "mcr policy set public --effect allow --kind anonymous --repository 'public/*' --action pull",
      ),
    )
    .action(async (id, options) => {
      const { effect, priority, account, kind, role, repository, action } = options;
      const rule = {
        id,
        priority,
        effect: effect === "allow" ? Effect.ALLOW : Effect.DENY,
        accounts: account,
        kinds: kind,
        roles: role,
        repositories: repository,
        actions: action,
      };
      await callServer(context, options, RuleService, (client) => client.putAccessRule({ rule }));
      context.terminal.say(`Stored the rule ${id}.`);
    });
}

function cells({
  priority,
  id,
  effect,
  accounts,
  kinds,
  roles,
  repositories,
  actions,
}: AccessRule): string[] {
  const who = [
    accounts.length > 0 && `account ${accounts.join(",")}`,
    kinds.length > 0 && `kind ${kinds.join(",")}`,
    roles.length > 0 && `role ${roles.join(",")}`,
  ].filter((part) => part !== false);
  const decides = effect === Effect.ALLOW ? "allow" : "deny";
  return [
    String(priority),
    id,
    decides,
    who.length === 0 ? listText([]) : who.join(" and "),
    listText(repositories),
    listText(actions),
  ];
}
