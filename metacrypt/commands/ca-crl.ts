import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { caCommand, timeText } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaCrl(parent: Command, context: CommandContext): void {
  caCommand(parent, "crl")
    .summary("print the revocation list of an authority")
    .description("Prints the current revocation list of an authority, PEM. No token is needed.")
    .argument("[authority]", "id or name; default: the mount's default", "default")
    .addHelpText("after", examples("metacrypt ca crl | openssl crl -noout -text"))
    .action(async (authority, options) => {
      const request = { mount: options.mount, authority };
      const list = await callServer(context, options, CaService, (client) => client.getCrl(request));
      context.terminal.out(list.crlPem.trimEnd());
      context.terminal.say(`Number ${list.number}, next before ${timeText(list.nextUpdate)}.`);
    });
}
