import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { caCommand, readText, seconds, timeText } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaRenew(parent: Command, context: CommandContext): void {
  caCommand(parent, "renew")
    .summary("have the like of a certificate issued again")
    .description(
      "Has a certificate with the same names and profile issued, for the same key or that of a new request. The " +
        "old one stays valid until its end. The policy decides who may: operation ca/issue.",
    )
    .argument("<serial>", "serial number, hexadecimal")
    .option("--csr <file>", "request with the new key, PEM")
    .option("--lifetime <duration>", "default: as before", seconds)
    .addHelpText("after", examples("metacrypt ca renew 5d3c… > web.pem"))
    .action(async (serialNumber, options) => {
      const { mount, csr, lifetime = 0 } = options;
      const csrPem = csr === undefined ? "" : await readText(csr);
      const request = { mount, serialNumber, csrPem, lifetimeSeconds: lifetime };
      const issued = await callServer(context, options, CaService, (client) => client.renew(request));
      context.terminal.out(issued.chainPem.trimEnd());
      context.terminal.say(`Issued ${issued.serialNumber}, valid until ${timeText(issued.notAfter)}.`);
    });
}
