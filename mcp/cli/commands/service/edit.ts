import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../../context.ts";
import { editDefinition } from "../../editing/session.ts";
import type { Invocation } from "../../invocation.ts";

export const json = {
  service: "service",
  file: "definition file",
  result: "created, changed, unchanged, or kept: it has mistakes and was not saved",
  draft: "file with the text that was not saved, or null",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Opens a service's definition file in your editor: $EDITOR, else $VISUAL, else vi. What you write is checked before it is saved. Where there is no file yet, you start from what the service's node has, else from a template.",
    )
    .argument("<service>", "service to edit")
    .addHelpText("after", examples)
    .action(async (service, _, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      const { file, result, draft } = await editDefinition(context, service);
      if (output.format === "json") output.json({ service, file, result, draft: draft ?? null });
      if (result === "unchanged") output.say("nothing was changed, so nothing was saved");
      if (result !== "created" && result !== "changed") return;
      output.say(`saved ${file}`, `next: mcp plan ${service}, then mcp deploy ${service}`);
    });
}

const examples = `
A text that could not be saved is kept in mcp/edits in $XDG_STATE_HOME (by default ~/.local/state).

Examples:
  mcp edit metacrypt
  EDITOR="code --wait" mcp edit metacrypt
`;
