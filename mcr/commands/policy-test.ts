import { type Command, Option } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import { ExplainRulesResponseSchema, RuleService } from "@metacircular/proto/gen/mcr/v1/rules_pb.ts";
import type { CommandContext } from "./context.ts";
import { collect } from "./numbers.ts";
import { repositoryName } from "./repository-argument.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";

export function definePolicyTest(parent: Command, context: CommandContext): void {
  parent
    .command("test")
    .summary("show what the rules decide, and which of them does")
    .description("Asks the rules about an account, a repository and a tag. For administrators.")
    .argument("<repository>", "such as team/app", repositoryName)
    .option("--account <name>", "default: somebody without an account", "")
    .addOption(
      new Option("--kind <kind>", "kind of account").choices(["human", "system", "anonymous"] as const),
    )
    .option("--role <role>", "role of the account", collect, [] as string[])
    .option("--tag <tag>", "whether this tag could be moved", "")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "mcr policy test team/app --account ada --role developer",
        "mcr policy test team/app --account mcp-agent --kind system --tag v1.2.3",
      ),
    )
    .action(async (repository, options) => {
      const { account, kind = "", role: roles, tag } = options;
      const answer = await callServer(context, options, RuleService, (client) =>
        client.explainRules({ account, kind, roles, repository, tag }),
      );
      const { terminal } = context;
      if (options.output === "json") return terminal.out(jsonText(ExplainRulesResponseSchema, answer));
      const rows = answer.decisions.map(({ action, allowed, reason }) => [
        action,
        allowed ? "allowed" : "denied",
        reason,
      ]);
      for (const line of formatTable(["ACTION", "DECISION", "BECAUSE"], rows)) terminal.out(line);
      if (tag !== "") {
        const { immutable, immutabilityRule } = answer;
        terminal.out(
          `Tag ${tag}: ${immutable ? `immutable by the rule ${immutabilityRule}` : "can be moved"}`,
        );
      }
      const { quotaBytes } = answer;
      terminal.out(`Quota: ${quotaBytes === undefined ? "unlimited" : sizeText(Number(quotaBytes))}`);
    });
}
