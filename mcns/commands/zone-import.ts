import { readFile } from "node:fs/promises";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

export function defineZoneImport(parent: Command, context: CommandContext): void {
  parent
    .command("import")
    .summary("make a zone be as a zone file says")
    .description(
      "Replaces all records of the zone by those of the file, in one transaction; makes the zone where there is " +
        "none. What is wrong in the file is listed with line and column, and then nothing is changed.",
    )
    .argument("<zone>")
    .argument("<file>", "a zone file (RFC 1035 section 5); - for the standard input")
    .option("--dry-run", "only say what would change", false)
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "mcns zone import example.org db.example.org --dry-run",
        "mcns zone import example.org - < db",
      ),
    )
    .action(async (name, file, options) => {
      const zoneFile = await readZoneText(file);
      await withServer(context, options, async ({ zones }) => {
        const { dryRun } = options;
        const { added, removed, unchanged, serial } = await zones.importZone({ name, zoneFile, dryRun });
        const counts = `${added} added, ${removed} removed, ${unchanged} unchanged`;
        context.terminal.say(dryRun ? `It would be: ${counts}.` : `${counts}. Serial number ${serial}.`);
      });
    });
}

async function readZoneText(file: string): Promise<string> {
  try {
    return await readFile(file === "-" ? "/dev/stdin" : file, "utf8");
  } catch (cause) {
    throw new DetailedError({
      code: "LOCAL_FILE_UNREADABLE",
      category: "invalid-argument",
      attempted: "read the zone file",
      subject: file,
      found: "it cannot be read",
      remedy: "check its name and permissions",
      cause,
    });
  }
}
