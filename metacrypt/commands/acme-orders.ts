import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { type AcmeOrder, AcmeService } from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import { momentOf, printRows } from "./acme-options.ts";
import { caCommand, wholeNumber } from "./ca-options.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineAcmeOrders(parent: Command, context: CommandContext): void {
  caCommand(parent, "orders")
    .summary("list orders, and why they failed")
    .description(
      "Lists orders: those of one ACME account oldest first, or of all accounts. For administrators.",
    )
    .option("--account <id>", "of this ACME account", "")
    .option("--limit <number>", "at most so many", wholeNumber, 100)
    .option("--page <token>", "as the page before ended with", "")
    .addOption(outputOption())
    .addHelpText("after", examples("metacrypt acme orders", "metacrypt acme orders -o json"))
    .action(async (options) => {
      const { mount, limit, account: accountId, page: pageToken } = options;
      const answer = await callServer(context, options, AcmeService, (client) =>
        client.listAcmeOrders({ mount, accountId, limit, pageToken }),
      );
      const columns = ["id", "status", "created", "identifiers", "serial_number", "error"] as const;
      printRows(context, options.output, answer.orders.map(plainOrder), columns);
      if (answer.nextPageToken !== "") context.terminal.say(`There are more: --page ${answer.nextPageToken}`);
    });
}

function plainOrder(order: AcmeOrder) {
  return {
    id: order.id,
    account_id: order.accountId,
    status: order.status,
    identifiers: order.identifiers,
    serial_number: order.serialNumber,
    error: order.error,
    created: momentOf(order.created),
    expires: momentOf(order.expires),
  };
}
