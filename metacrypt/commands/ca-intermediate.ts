import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import * as wish from "./ca-authority-wish.ts";
import { caCommand } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaIntermediate(parent: Command, context: CommandContext): void {
  wish
    .withWish(caCommand(parent, "intermediate"))
    .summary("make an intermediate authority")
    .description(
      "Makes a key, which stays in the service, and has an authority of this or another mount sign its certificate; " +
        "with --csr it prints a request for an authority elsewhere, to be completed by `metacrypt ca complete`. " +
        "For administrators.",
    )
    .argument("<name>", "for people, unique in the mount")
    .option("--issuer <authority>", "who signs; default: the default of its mount", "")
    .option("--issuer-mount <mount>", "mount of the issuer; default: the same", "")
    .option("--csr", "print a request for an authority elsewhere", false)
    .option("--default", "let it issue where no authority is named", false)
    .addHelpText(
      "after",
      examples(
        'metacrypt ca intermediate issuing --common-name "Example issuing" --default',
        'metacrypt ca intermediate issuing --common-name "Example issuing" --csr > issuing.csr',
      ),
    )
    .action(async (name, options) => {
      const { mount, issuer, issuerMount } = options;
      const request = { mount, wish: wish.wishOf(name, options) };
      await callServer(context, options, CaService, async (client) => {
        if (options.csr) {
          const { id, csrPem } = await client.createAuthorityRequest(request);
          context.terminal.out(csrPem.trimEnd());
          return context.terminal.say(
            `Made request ${id}; give its certificate to: metacrypt ca complete ${id}`,
          );
        }
        const made = await client.createIntermediate({ ...request, issuer, issuerMount });
        if (options.default) await client.updateAuthority({ mount, authority: made.id, default: true });
        context.terminal.out(made.certificatePem.trimEnd());
        context.terminal.say(`Made intermediate ${made.name} (${made.id}).`);
      });
    });
}
