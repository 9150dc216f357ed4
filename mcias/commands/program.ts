import { Command } from "@commander-js/extra-typings";
import { defineAccountAdd } from "./account-add.ts";
import { defineAccountDisable } from "./account-disable.ts";
import { defineAccountEnable } from "./account-enable.ts";
import { defineAccountList } from "./account-list.ts";
import { defineAccountPassword } from "./account-password.ts";
import { defineAudit } from "./audit.ts";
import type { CommandContext } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { defineVersionCommand } from "@metacircular/mcdsl/commands/version-command.ts";
import manifest from "../package.json" with { type: "json" };
import { defineKeyList } from "./key-list.ts";
import { defineKeyRotate } from "./key-rotate.ts";
import { defineRoleGrant } from "./role-grant.ts";
import { defineRoleRevoke } from "./role-revoke.ts";
import { defineServer } from "./server.ts";
import { defineSnapshot } from "./snapshot.ts";
import { defineTokenIssue } from "./token-issue.ts";
import { defineTokenRevoke } from "./token-revoke.ts";

/** The whole command line. Commands work on the database directly, beside a running server. */
export function createProgram(context: CommandContext): Command {
  const program = new Command("mcias").description("The identity service: accounts, roles, tokens, keys.");
  defineServer(program, context);

  const account = program.command("account").description("people and programs that can log in");
  defineAccountAdd(account, context);
  defineAccountList(account, context);
  defineAccountDisable(account, context);
  defineAccountEnable(account, context);
  defineAccountPassword(account, context);

  const role = program.command("role").description("what people may do");
  defineRoleGrant(role, context);
  defineRoleRevoke(role, context);

  const token = program.command("token").description("tokens of system accounts");
  defineTokenIssue(token, context);
  defineTokenRevoke(token, context);

  defineAudit(program, context);

  const key = program.command("key").description("signing keys");
  defineKeyRotate(key, context);
  defineKeyList(key, context);

  defineSnapshot(program, context);
  defineVersionCommand(program, { program: "mcias", version: manifest.version, terminal: context.terminal });
  return program.addHelpText(
    "after",
    examples("mcias account add alice --role admin", "mcias server --config /srv/mcias/mcias.toml"),
  );
}
