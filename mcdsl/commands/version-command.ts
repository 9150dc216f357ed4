import type { Command } from "@commander-js/extra-typings";
import { examples } from "./examples.ts";
import type { Terminal } from "./terminal.ts";

/** Adds the command `version` to a program. */
export function defineVersionCommand(
  parent: Command,
  about: { readonly program: string; readonly version: string; readonly terminal: Pick<Terminal, "out"> },
): void {
  const { program, version, terminal } = about;
  parent
    .command("version")
    .summary("print the version")
    .description("Prints the version of this program.")
    .addHelpText("after", examples(`${program} version`))
    .action(() => terminal.out(`${program} ${version}`));
}
