import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { type AcmeBinding, AcmeService } from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import { momentOf, printRows } from "./acme-options.ts";
import { caCommand } from "./ca-options.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineAcmeBindingList(parent: Command, context: CommandContext): void {
  caCommand(parent, "list")
    .summary("list bindings")
    .description("Lists bindings, newest first: administrators see all, others those for their own account.")
    .addOption(outputOption())
    .addHelpText("after", examples("metacrypt acme binding list", "metacrypt acme binding list -o json"))
    .action(async (options) => {
      const { mount } = options;
      const { bindings } = await callServer(context, options, AcmeService, (client) =>
        client.listAcmeBindings({ mount }),
      );
      const columns = ["key_id", "account", "created", "last_used", "accounts", "revoked", "note"] as const;
      printRows(context, options.output, bindings.map(plainBinding), columns);
    });
}

function plainBinding(binding: AcmeBinding) {
  return {
    key_id: binding.keyId,
    account: binding.account,
    kind: binding.kind,
    note: binding.note,
    created_by: binding.createdBy,
    created: momentOf(binding.created),
    last_used: momentOf(binding.lastUsed),
    accounts: binding.accounts,
    revoked: momentOf(binding.revoked),
  };
}
