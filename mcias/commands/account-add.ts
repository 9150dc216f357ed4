import type { Command } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineAccountAdd(parent: Command, context: CommandContext): void {
  parent
    .command("add")
    .summary("add a human or a system account")
    .description(
      "Adds an account. A human gets a password, asked for without echo. A system account gets a client " +
        "secret, printed once and not stored.",
    )
    .argument("<name>", "lower-case letters, digits, dots, underscores, hyphens")
    .option("--system", "a system account: no password, no roles", false)
    .option("--role <role>", "admin, user or guest; repeatable; default user", collect, [] as string[])
    .option("--password-stdin", "read the password from the first line of the standard input", false)
    .addOption(configOption())
    .addHelpText(
      "after",
      examples(
        "mcias account add alice --role admin",
        "mcias account add bob --password-stdin < bob.password",
        "mcias account add mcp-agent --system > agent.secret",
      ),
    )
    .action(async (name, options) => {
      if (options.system) requireNoHumanOptions(options.role.length > 0 || options.passwordStdin);
      using opened = openAdministration(context, options.config);
      const { terminal } = context;
      if (options.system) {
        const secret = opened.administration.addSystem(name);
        terminal.say(`Added system account ${name}. Its client secret, shown only now:`);
        terminal.out(secret);
        return;
      }
      const password = options.passwordStdin
        ? await terminal.readLine("the password")
        : await terminal.askSecret(`Password for ${name}`, true);
      await opened.administration.addHuman(name, password, options.role);
      terminal.say(`Added ${name}.`);
    });
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function requireNoHumanOptions(given: boolean): void {
  if (!given) return;
  throw new DetailedError({
    code: "OPTIONS_CONFLICT",
    category: "invalid-argument",
    attempted: "add system account",
    found: "--role and --password-stdin are for humans",
    remedy: "leave them out, or leave out --system",
  });
}
