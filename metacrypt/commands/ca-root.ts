import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import * as wish from "./ca-authority-wish.ts";
import { caCommand } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaRoot(parent: Command, context: CommandContext): void {
  wish
    .withWish(caCommand(parent, "root"))
    .summary("make a root authority")
    .description(
      "Makes a key, which stays in the service, and a root certificate, which is printed. For administrators.",
    )
    .argument("<name>", "for people, unique in the mount")
    .addHelpText(
      "after",
      examples('metacrypt ca root root-2026 --common-name "Example root 2026" > root.pem'),
    )
    .action(async (name, options) => {
      const request = { mount: options.mount, wish: wish.wishOf(name, options) };
      const made = await callServer(context, options, CaService, (client) => client.createRoot(request));
      context.terminal.out(made.certificatePem.trimEnd());
      context.terminal.say(`Made root ${made.name} (${made.id}).`);
    });
}
