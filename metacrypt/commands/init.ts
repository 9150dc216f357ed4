import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { operator } from "@metacircular/mcdsl/commands/context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Protection } from "../barrier/protection.ts";
import { type CommandContext, configOption } from "./context.ts";

interface ProtectionOptions {
  readonly passphraseStdin: boolean;
  readonly shares?: number | undefined;
  readonly threshold?: number | undefined;
}

export function defineInit(parent: Command, context: CommandContext): void {
  parent
    .command("init")
    .summary("make the keys, once")
    .description(
      "Makes the keys in the database of the configuration, protected by a passphrase or by shares. It needs no " +
        "running server, and leaves one that runs sealed. With --unattended-key-file alone, that file is all that " +
        "opens the seal: whoever loses it loses everything.",
    )
    .option("--passphrase-stdin", "read the passphrase from the first line of the standard input", false)
    .option("--shares <number>", "make so many shares instead of a passphrase, printed only now", parseCount)
    .option("--threshold <number>", "how many of the shares open the seal", parseCount)
    .option("--unattended-key-file", "also let the key file of [seal] open it, and make the file", false)
    .addOption(configOption())
    .addHelpText(
      "after",
      examples(
        "metacrypt init",
        "metacrypt init --shares 5 --threshold 3",
        "metacrypt init --unattended-key-file --passphrase-stdin < passphrase",
      ),
    )
    .action(async (options) => {
      const onlyKeyFile =
        options.unattendedKeyFile && !options.passphraseStdin && options.shares === undefined;
      const protection = onlyKeyFile ? undefined : await askProtection(context, options);
      const { initializeDatabase } = await import("../seal/initialize-database.ts");
      const { loadMetacryptConfig } = await import("../config.ts");
      const config = loadMetacryptConfig(options.config, context.environment);
      const shares = await initializeDatabase({
        config,
        clock: context.clock,
        protection,
        unattended: options.unattendedKeyFile,
        actor: operator(),
      });
      sayShares(context, shares, options.threshold);
      context.terminal.say("Initialised. The server starts sealed; open it with `metacrypt unseal`.");
      if (options.unattendedKeyFile) {
        const file = config.seal.unattended_key_file;
        context.terminal.say(`${file} opens it unattended: whoever has it and the database has all keys.`);
      }
    });
}

/** What the options say, or the terminal.
 * @throws DetailedError OPTIONS_CONFLICT and those of the terminal */
export async function askProtection(
  { terminal }: CommandContext,
  { passphraseStdin, shares, threshold }: ProtectionOptions,
): Promise<Protection> {
  if (shares !== undefined || threshold !== undefined) {
    if (passphraseStdin || shares === undefined || threshold === undefined) throw conflict();
    return { scheme: { shares, threshold } };
  }
  const passphrase = passphraseStdin
    ? await terminal.readLine("the passphrase")
    : await terminal.askSecret("New passphrase", true);
  return { passphrase };
}

/** Shares on the standard output, what to do with them beside it. */
export function sayShares(
  { terminal }: CommandContext,
  shares: readonly string[],
  threshold: number | undefined,
): void {
  if (shares.length === 0) return;
  terminal.say(`The ${shares.length} shares, shown only now; any ${threshold} of them open the seal:`);
  for (const share of shares) terminal.out(share);
}

export function parseCount(text: string): number {
  const count = /^\d{1,3}$/u.test(text) ? Number(text) : 0;
  if (count < 2 || count > 255) throw new InvalidArgumentError("Give a number from 2 to 255.");
  return count;
}

function conflict(): DetailedError {
  return new DetailedError({
    code: "OPTIONS_CONFLICT",
    category: "invalid-argument",
    attempted: "protect the keys",
    found: "--shares and --threshold belong together, and not with a passphrase",
    remedy: "give both of them, or a passphrase",
  });
}
