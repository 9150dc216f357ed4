import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { plainCertificate } from "./ca-certificate.ts";
import { caCommand } from "./ca-options.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaShow(parent: Command, context: CommandContext): void {
  caCommand(parent, "show")
    .summary("show a certificate")
    .description(
      "Shows what is known about a certificate. Whoever asked for it may; for others the policy decides: " +
        "operation ca/read.",
    )
    .argument("<serial>", "serial number, hexadecimal")
    .option("--pem", "print the certificate and those of its issuers", false)
    .addOption(outputOption())
    .addHelpText("after", examples("metacrypt ca show 5d3c…", "metacrypt ca show 5d3c… --pem > web.pem"))
    .action(async (serialNumber, options) => {
      const request = { mount: options.mount, serialNumber };
      const found = await callServer(context, options, CaService, (client) => client.getCertificate(request));
      if (options.pem) return context.terminal.out(found.chainPem.trimEnd());
      const facts = plainCertificate(found);
      if (options.output === "json") return context.terminal.out(JSON.stringify(facts, undefined, 2));
      for (const [field, value] of Object.entries(facts)) {
        const text = Array.isArray(value) ? value.join(", ") : String(value);
        context.terminal.out(`${field.replaceAll("_", " ").padEnd(14)} ${text}`.trimEnd());
      }
    });
}
