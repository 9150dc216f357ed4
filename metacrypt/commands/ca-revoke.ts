import { type Command, Option } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { reasonNames, revocationReasons } from "../ca/revocation.ts";
import { caCommand } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaRevoke(parent: Command, context: CommandContext): void {
  caCommand(parent, "revoke")
    .summary("revoke a certificate")
    .description(
      "Revokes a certificate for ever. Status answers and revocation lists say so at once. Whoever asked for a " +
        "certificate may; for others the policy decides: operation ca/revoke.",
    )
    .argument("<serial>", "serial number, hexadecimal")
    .addOption(new Option("--reason <reason>", "why").choices(reasonNames).default("unspecified" as const))
    .addHelpText("after", examples("metacrypt ca revoke 5d3c… --reason keyCompromise"))
    .action(async (serialNumber, { reason, ...options }) => {
      const request = { mount: options.mount, serialNumber, reason: revocationReasons[reason] };
      const revoked = await callServer(context, options, CaService, (client) => client.revoke(request));
      context.terminal.say(`Revoked ${revoked.serialNumber} (${revoked.names.join(", ")}).`);
    });
}
