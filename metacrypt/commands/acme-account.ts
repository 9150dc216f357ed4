import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { type AcmeAccount, AcmeService } from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import { momentOf, printRows } from "./acme-options.ts";
import { caCommand, wholeNumber } from "./ca-options.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineAcmeAccountList(parent: Command, context: CommandContext): void {
  caCommand(parent, "list")
    .summary("list accounts")
    .description("Lists ACME accounts by their ids. For administrators.")
    .option("--limit <number>", "at most so many", wholeNumber, 100)
    .option("--page <token>", "as the page before ended with", "")
    .addOption(outputOption())
    .addHelpText("after", examples("metacrypt acme account list", "metacrypt acme account list -o json"))
    .action(async (options) => {
      const { mount, limit, page: pageToken } = options;
      const answer = await callServer(context, options, AcmeService, (client) =>
        client.listAcmeAccounts({ mount, limit, pageToken }),
      );
      const columns = ["id", "status", "account", "contact", "created"] as const;
      printRows(context, options.output, answer.accounts.map(plainAccount), columns);
      if (answer.nextPageToken !== "") context.terminal.say(`There are more: --page ${answer.nextPageToken}`);
    });
}

export function defineAcmeAccountDeactivate(parent: Command, context: CommandContext): void {
  caCommand(parent, "deactivate")
    .summary("end what an account may do")
    .description("The account may do nothing any more. Its certificates stay valid. For administrators.")
    .argument("<id>")
    .addHelpText("after", examples("metacrypt acme account deactivate 0f6e1c2b3a4d5e6f708192a3b4c5d6e7"))
    .action(async (id, options) => {
      const { mount } = options;
      const { status } = await callServer(context, options, AcmeService, (client) =>
        client.deactivateAcmeAccount({ mount, id }),
      );
      context.terminal.say(`Account ${id} is ${status}.`);
    });
}

function plainAccount(account: AcmeAccount) {
  return {
    id: account.id,
    status: account.status,
    account: account.account,
    contact: account.contact,
    binding_key_id: account.bindingKeyId,
    thumbprint: account.thumbprint,
    created: momentOf(account.created),
  };
}
