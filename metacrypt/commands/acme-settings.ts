import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { create, toJson } from "@bufbuild/protobuf";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import {
  AcmeService,
  type AcmeSettings,
  AcmeSettingsSchema,
} from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import { caCommand } from "./ca-options.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineAcmeSettings(parent: Command, context: CommandContext): void {
  caCommand(parent, "settings")
    .summary("show the settings and the directory's URL")
    .description("Shows how a mount answers ACME clients, and the URL that they need.")
    .addOption(outputOption())
    .addHelpText("after", examples("metacrypt acme settings", "metacrypt acme settings --mount pki -o json"))
    .action(async (options) => {
      const { mount } = options;
      const settings = await callServer(context, options, AcmeService, (client) =>
        client.getAcmeSettings({ mount }),
      );
      printSettings(context, options.output, settings);
    });
}

/** As `key = value`, with the keys of the API. */
export function printSettings(
  context: CommandContext,
  output: "table" | "json",
  settings: AcmeSettings,
): void {
  const plain = toJson(AcmeSettingsSchema, create(AcmeSettingsSchema, settings), { useProtoFieldName: true });
  if (output === "json") return context.terminal.out(JSON.stringify(plain, undefined, 2));
  for (const [key, value] of Object.entries(plain as Record<string, unknown>)) {
    context.terminal.out(`${key} = ${JSON.stringify(value)}`);
  }
}
