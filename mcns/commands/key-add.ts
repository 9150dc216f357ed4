import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

export function defineKeyAdd(parent: Command, context: CommandContext): void {
  parent
    .command("add")
    .summary("make a TSIG key")
    .description(
      "Makes a key with which messages are signed (RFC 8945), and prints its secret, which is not shown again. " +
        "Then name it in transfer_keys or update_keys of zones: `mcns zone set`.",
    )
    .argument("<name>", "a domain name, the same on both sides")
    .option("--algorithm <name>", "hmac-sha256, hmac-sha384 or hmac-sha512", "hmac-sha256")
    .option("--secret-stdin", "read the secret, in base64, from the first line of the standard input", false)
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples("mcns key add secondary.example.org", "mcns key add old.example.org --secret-stdin < secret"),
    )
    .action(async (name, options) => {
      const { algorithm } = options;
      const secret = options.secretStdin ? await context.terminal.readLine("the secret") : "";
      await withServer(context, options, async ({ keys }) => {
        const made = await keys.createKey({ name, algorithm, secret });
        context.terminal.say(
          `Added key ${made.key?.name ?? name} (${algorithm}). Its secret, shown only now:`,
        );
        context.terminal.out(made.secret);
      });
    });
}
