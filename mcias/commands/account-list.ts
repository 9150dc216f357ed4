import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import type { Account } from "../accounts/account.ts";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable, formatTime } from "@metacircular/mcdsl/commands/table.ts";

export function defineAccountList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the accounts")
    .description("Lists all accounts by name.")
    .addOption(outputOption())
    .addOption(configOption())
    .addHelpText("after", examples("mcias account list", "mcias account list -o json"))
    .action((options) => {
      using opened = openAdministration(context, options.config);
      const accounts = opened.stores.accounts.list();
      if (options.output === "json") context.terminal.out(JSON.stringify(accounts.map(toJson), undefined, 2));
      else for (const line of toTable(accounts)) context.terminal.out(line);
    });
}

function toJson(account: Account): object {
  const { name, kind, roles, disabled, createdAtMs } = account;
  return { name, kind, roles, disabled, createdAt: new Date(createdAtMs).toISOString() };
}

function toTable(accounts: readonly Account[]): string[] {
  return formatTable(
    ["NAME", "KIND", "ROLES", "STATE", "CREATED"],
    accounts.map((account) => [
      account.name,
      account.kind,
      account.roles.join(",") || "-",
      account.disabled ? "disabled" : "active",
      formatTime(account.createdAtMs),
    ]),
  );
}
