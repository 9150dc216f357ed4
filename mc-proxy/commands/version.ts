import { readFileSync } from "node:fs";
import type { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

/** The version of this program. */
export function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

export function defineVersion(parent: Command, name: string, context: Pick<CommandContext, "out">): void {
  parent
    .command("version")
    .summary("print the version")
    .description("Prints the version of this program.")
    .addHelpText("after", examples(`${name} version`))
    .action(() => {
      context.out(`${name} ${readVersion()}`);
    });
}
