import type { Command } from "@commander-js/extra-typings";
import { Option } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { SystemService, Unattended } from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import type { Protection } from "../barrier/protection.ts";
import type { CommandContext } from "./context.ts";
import { askProtection, parseCount, sayShares } from "./init.ts";
import { callServer, caOption, serverNameOption, serverOption, tokenFileOption } from "./remote.ts";

const unattendedChoices = { on: Unattended.ON, off: Unattended.OFF };

export function defineProtect(parent: Command, context: CommandContext): void {
  parent
    .command("protect")
    .summary("change what opens the seal")
    .description(
      "Replaces the passphrase or the shares, and the root key with them: the old ones open older copies of the " +
        "database only. With --unattended alone, everything else stays as it is. For administrators.",
    )
    .option("--passphrase-stdin", "read the new passphrase from the first line of the standard input", false)
    .option("--shares <number>", "make so many shares, printed only now", parseCount)
    .option("--threshold <number>", "how many of the shares open the seal", parseCount)
    .addOption(
      new Option("--unattended <choice>", "whether the key file of [seal] opens it").choices([
        "on",
        "off",
      ] as const),
    )
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "metacrypt protect",
        "metacrypt protect --shares 5 --threshold 3",
        "metacrypt protect --unattended off",
      ),
    )
    .action(async (options) => {
      const { unattended, passphraseStdin, shares: count, threshold } = options;
      const onlyKeyFile =
        unattended !== undefined && !passphraseStdin && count === undefined && threshold === undefined;
      const protection = onlyKeyFile
        ? undefined
        : protectionMessage(await askProtection(context, { passphraseStdin, shares: count, threshold }));
      const { shares } = await callServer(context, options, SystemService, (client) =>
        client.changeProtection({
          ...(protection === undefined ? {} : { protection }),
          unattended: unattended === undefined ? Unattended.UNSPECIFIED : unattendedChoices[unattended],
        }),
      );
      sayShares(context, shares, threshold);
      context.terminal.say("Changed. Take a new snapshot: older ones open by what opened them before.");
    });
}

function protectionMessage(protection: Protection) {
  return "passphrase" in protection
    ? ({ case: "passphrase", value: protection.passphrase } as const)
    : ({ case: "shareScheme", value: protection.scheme } as const);
}
