import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { caCommand, readText, timeText } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaComplete(parent: Command, context: CommandContext): void {
  caCommand(parent, "complete")
    .summary("make an authority of a request")
    .description(
      "Makes an authority of a request of `metacrypt ca intermediate --csr` and the certificate that was issued for " +
        "it; without a request it lists those that wait. For administrators.",
    )
    .argument("[request]", "its id")
    .option("--certificate <file>", "the certificate, then those of its issuers, PEM")
    .option("--drop", "give the request up, and forget its key", false)
    .addHelpText(
      "after",
      examples("metacrypt ca complete", "metacrypt ca complete 1f0c… --certificate chain.pem"),
    )
    .action(async (id, options, command) => {
      const { mount, certificate, drop } = options;
      const pem = certificate === undefined ? undefined : await readText(certificate);
      if (id !== undefined && !drop && pem === undefined)
        command.error("error: --certificate or --drop is missing");
      await callServer(context, options, CaService, async (client) => {
        if (id === undefined) {
          const { requests } = await client.listAuthorityRequests({ mount });
          const rows = requests.map((each) => [each.id, each.name, timeText(each.created)]);
          for (const line of formatTable(["ID", "NAME", "CREATED"], rows)) context.terminal.out(line);
        } else if (drop) {
          await client.deleteAuthorityRequest({ mount, id });
          context.terminal.say(`Gave up request ${id}.`);
        } else {
          const made = await client.completeAuthorityRequest({ mount, id, certificatePem: pem ?? "" });
          context.terminal.say(`Made intermediate ${made.name} (${made.id}).`);
        }
      });
    });
}
