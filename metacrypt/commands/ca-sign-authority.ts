import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import * as wish from "./ca-authority-wish.ts";
import { caCommand, readText } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaSignAuthority(parent: Command, context: CommandContext): void {
  wish
    .withBounds(caCommand(parent, "sign-authority"))
    .summary("sign the certificate of an authority elsewhere")
    .description("Signs the certificate of an authority whose key is elsewhere. For administrators.")
    .argument("<csr>", "file with its request, PEM")
    .option("--issuer <authority>", "who signs; default: the mount's default", "")
    .addHelpText(
      "after",
      examples("metacrypt ca sign-authority branch.csr --days 730 --permit branch.example.org"),
    )
    .action(async (csr, options) => {
      const { mount, issuer } = options;
      const csrPem = await readText(csr);
      const wanted = wish.wishOf("", { ...options, commonName: "", keyType: "" });
      const request = { mount, issuer, csrPem, wish: wanted };
      const issued = await callServer(context, options, CaService, (client) => client.signAuthority(request));
      context.terminal.out(issued.chainPem.trimEnd());
      context.terminal.say(`Signed ${issued.serialNumber}.`);
    });
}
