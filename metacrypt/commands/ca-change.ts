import { type Command, Option } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { caCommand } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineCaChange(parent: Command, context: CommandContext): void {
  caCommand(parent, "change")
    .summary("rename, disable, enable or prefer an authority")
    .description(
      "Changes an authority. One that is disabled issues nothing, and still answers for what it issued. " +
        "For administrators.",
    )
    .argument("<authority>", "id or name")
    .option("--name <name>", "its new name", "")
    .option("--default", "it issues where no authority is named", false)
    .addOption(new Option("--disable", "it issues nothing any more").conflicts("enable"))
    .addOption(new Option("--enable", "it issues again").conflicts("disable"))
    .addHelpText(
      "after",
      examples("metacrypt ca change issuing-2026 --default", "metacrypt ca change root --disable"),
    )
    .action(async (authority, options) => {
      const { mount, name, disable, enable } = options;
      const disabled = disable === true ? true : enable === true ? false : undefined;
      const request = {
        mount,
        authority,
        name,
        default: options.default,
        ...(disabled === undefined ? {} : { disabled }),
      };
      const changed = await callServer(context, options, CaService, (client) =>
        client.updateAuthority(request),
      );
      context.terminal.say(`Changed ${changed.name} (${changed.id}).`);
    });
}
