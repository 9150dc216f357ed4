import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { caCommand, readText, seconds, several, timeText } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaSign(parent: Command, context: CommandContext): void {
  caCommand(parent, "sign")
    .summary("have a certificate issued for a signing request")
    .description(
      "Has a certificate issued for a signing request (PKCS #10): its key and names are taken, the rest is the " +
        "profile's. The policy decides who may: operation ca/issue.",
    )
    .argument("<csr>", "file with the request, PEM")
    .option("--profile <name>", "profile", "server")
    .option("--name <name>", "instead of the names of the request; may be repeated", several, [] as string[])
    .option("--lifetime <duration>", "default: the profile's", seconds)
    .option("--authority <authority>", "default: the mount's default", "")
    .addHelpText("after", examples("metacrypt ca sign web.csr > web.pem"))
    .action(async (csr, options) => {
      const { mount, profile, authority, name: names, lifetime = 0 } = options;
      const csrPem = await readText(csr);
      const request = { mount, profile, authority, names, csrPem, lifetimeSeconds: lifetime };
      const issued = await callServer(context, options, CaService, (client) => client.signCsr(request));
      context.terminal.out(issued.chainPem.trimEnd());
      context.terminal.say(`Issued ${issued.serialNumber}, valid until ${timeText(issued.notAfter)}.`);
    });
}
