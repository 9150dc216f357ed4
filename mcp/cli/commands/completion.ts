import { Argument, type Command } from "@commander-js/extra-typings";

import { completionScript, shells } from "../completion/scripts.ts";
import { globalsOf } from "../globals.ts";
import type { Invocation } from "../invocation.ts";
import { Output } from "../output/output.ts";

export function define(command: Command, invocation: Invocation): void {
  command
    .addArgument(new Argument("<shell>", "shell to complete in").choices(shells))
    .addHelpText("after", examples)
    .action((shell, _, self) => {
      new Output(invocation, globalsOf(self)).print(completionScript(shell));
    });
}

const examples = `
Examples:
  source <(mcp completion bash)
  mcp completion zsh > "\${fpath[1]}/_mcp"
  mcp completion fish > ~/.config/fish/completions/mcp.fish
`;
