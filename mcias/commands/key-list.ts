import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import type { SigningKey } from "../keys/signing-key.ts";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable, formatTime } from "@metacircular/mcdsl/commands/table.ts";

export function defineKeyList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the signing keys")
    .description("Lists the signing keys: the current one, the next one, and the previous ones still needed.")
    .addOption(outputOption())
    .addOption(configOption())
    .addHelpText("after", examples("mcias key list", "mcias key list -o json"))
    .action((options) => {
      using opened = openAdministration(context, options.config);
      const keys = opened.stores.keys.list();
      if (options.output === "json") context.terminal.out(JSON.stringify(keys.map(toJson), undefined, 2));
      else for (const line of toTable(keys)) context.terminal.out(line);
    });
}

/** Without the private half. */
function toJson(key: SigningKey): object {
  return {
    kid: key.kid,
    state: key.state,
    createdAt: isoTime(key.createdAtMs),
    activatedAt: isoTime(key.activatedAtMs),
    retiredAt: isoTime(key.retiredAtMs),
    publicJwk: key.publicJwk,
  };
}

function isoTime(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}

function toTable(keys: readonly SigningKey[]): string[] {
  const time = (atMs: number | undefined): string => (atMs === undefined ? "-" : formatTime(atMs));
  return formatTable(
    ["KEY", "STATE", "CREATED", "ACTIVATED", "RETIRED"],
    keys.map((key) => [
      key.kid,
      key.state,
      time(key.createdAtMs),
      time(key.activatedAtMs),
      time(key.retiredAtMs),
    ]),
  );
}
