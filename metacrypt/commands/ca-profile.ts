import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { CaService, type Profile, ProfileSchema } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { caCommand, readText } from "./ca-options.ts";
import { type CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

/** `metacrypt ca profile …` */
export function defineCaProfile(parent: Command, context: CommandContext): void {
  const profile = parent.command("profile").description("what kinds of certificates are issued");
  defineList(profile, context);
  definePut(profile, context);
  defineDelete(profile, context);
}

function defineList(parent: Command, context: CommandContext): void {
  caCommand(parent, "list")
    .summary("list the profiles")
    .description("Lists the profiles of a mount. Each object of the JSON output does for `profile put`.")
    .addOption(outputOption())
    .addHelpText("after", examples("metacrypt ca profile list -o json"))
    .action(async (options) => {
      const request = { mount: options.mount };
      const { profiles } = await callServer(context, options, CaService, (client) =>
        client.listProfiles(request),
      );
      if (options.output === "json") {
        const plain = profiles.map((each) => toJson(ProfileSchema, each, { useProtoFieldName: true }));
        return context.terminal.out(JSON.stringify(plain, undefined, 2));
      }
      const rows = profiles.map((each) => [
        each.name,
        each.extendedKeyUsages.join(","),
        [...each.nameTypes, ...(each.wildcards ? ["wildcards"] : [])].join(","),
        days(each.defaultLifetimeSeconds),
        days(each.maximumLifetimeSeconds),
        each.builtIn ? "built-in" : "own",
      ]);
      for (const line of formatTable(["NAME", "USAGES", "NAMES", "DEFAULT", "MAXIMUM", "FROM"], rows)) {
        context.terminal.out(line);
      }
    });
}

function definePut(parent: Command, context: CommandContext): void {
  caCommand(parent, "put")
    .summary("add or replace a profile")
    .description("Adds a profile, or replaces the one of its name. For administrators.")
    .argument("<file>", "JSON, as in the output of `profile list -o json`")
    .addHelpText("after", examples("metacrypt ca profile put short-lived.json"))
    .action(async (file, options) => {
      const profile = readProfile(await readText(file), file);
      const request = { mount: options.mount, profile };
      const stored = await callServer(context, options, CaService, (client) => client.putProfile(request));
      context.terminal.say(`Stored profile ${stored.name}.`);
    });
}

function defineDelete(parent: Command, context: CommandContext): void {
  caCommand(parent, "delete")
    .summary("delete a profile")
    .description(
      "Deletes a profile of the mount's own; a built-in one of that name is back then. For administrators.",
    )
    .argument("<name>")
    .addHelpText("after", examples("metacrypt ca profile delete short-lived"))
    .action(async (name, options) => {
      const request = { mount: options.mount, name };
      await callServer(context, options, CaService, (client) => client.deleteProfile(request));
      context.terminal.say(`Deleted profile ${name}.`);
    });
}

function readProfile(text: string, file: string): Profile {
  try {
    return fromJson(ProfileSchema, JSON.parse(text) as JsonValue);
  } catch (cause) {
    throw new DetailedError({
      code: "PROFILE_INVALID",
      category: "invalid-argument",
      attempted: "read the profile",
      subject: file,
      found: messageOf(cause),
      remedy: "start from one of: metacrypt ca profile list -o json",
      cause,
    });
  }
}

function days(durationSeconds: number): string {
  return durationSeconds % 86_400 === 0 ? `${durationSeconds / 86_400}d` : `${durationSeconds}s`;
}
