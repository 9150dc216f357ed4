import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import {
  AcmeService,
  type AcmeSettings,
  AcmeSettingsSchema,
} from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import { printSettings } from "./acme-settings.ts";
import { caCommand } from "./ca-options.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineAcmeSet(parent: Command, context: CommandContext): void {
  caCommand(parent, "set")
    .summary("change settings")
    .description("Changes settings of a mount; those that are not named stay. For administrators.")
    .argument("<key=value...>", "keys as `metacrypt acme settings` shows them")
    .addOption(outputOption())
    .addHelpText(
      "after",
      examples(
        "metacrypt acme set certificate_lifetime_seconds=2592000",
        "metacrypt acme set external_account_required=false challenge_types=http-01,dns-01",
      ),
    )
    .action(async (assignments, options) => {
      const { mount } = options;
      const settings = readAssignments(assignments);
      const changed = await callServer(context, options, AcmeService, (client) =>
        client.updateAcmeSettings({ mount, settings }),
      );
      printSettings(context, options.output, changed);
    });
}

/** @throws DetailedError ACME_SETTINGS_INVALID */
function readAssignments(assignments: readonly string[]): AcmeSettings {
  const given = Object.fromEntries(
    assignments.map((assignment) => {
      const at = assignment.indexOf("=");
      if (at < 1) throw invalid(`${JSON.stringify(assignment)} is not key=value`);
      const key = assignment.slice(0, at);
      return [key, valueOf(key, assignment.slice(at + 1))];
    }),
  );
  try {
    return fromJson(AcmeSettingsSchema, given);
  } catch (cause) {
    throw invalid(messageOf(cause), cause);
  }
}

function valueOf(key: string, text: string): JsonValue {
  if (key === "challenge_types") return text.split(",");
  if (text === "true" || text === "false") return text === "true";
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

function invalid(found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "ACME_SETTINGS_INVALID",
    category: "invalid-argument",
    attempted: "change the ACME settings",
    found,
    remedy: "`metacrypt acme settings` shows the keys",
    cause,
  });
}
