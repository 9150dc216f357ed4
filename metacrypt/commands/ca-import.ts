import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { caCommand, readText } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaImport(parent: Command, context: CommandContext): void {
  caCommand(parent, "import")
    .summary("take over an authority with its key")
    .description(
      "Takes over an authority that clients trust already. The first one of a mount becomes its default. " +
        "For administrators.",
    )
    .argument("<name>", "for people, unique in the mount")
    .requiredOption("--certificate <file>", "its certificate, then those of its issuers, PEM")
    .requiredOption("--key <file>", "its private key, PEM, not encrypted")
    .addHelpText("after", examples("metacrypt ca import root --certificate root.pem --key root-key.pem"))
    .action(async (name, options) => {
      const certificatePem = await readText(options.certificate);
      const request = {
        mount: options.mount,
        name,
        certificatePem,
        privateKeyPem: await readText(options.key),
      };
      const taken = await callServer(context, options, CaService, (client) =>
        client.importAuthority(request),
      );
      context.terminal.say(`Took over ${taken.subject} as ${taken.name} (${taken.id}).`);
      context.terminal.say(
        `Its key is now in the service too: remove ${options.key} where it is not needed.`,
      );
    });
}
