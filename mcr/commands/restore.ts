import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { claimFile } from "@metacircular/mcdsl/database/claim.ts";
import { restoreDatabase } from "@metacircular/mcdsl/database/restore.ts";
import {
  makeDirectory,
  snapshotDirectoryOf,
  snapshotPath,
} from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { claimWords } from "../claim-words.ts";
import { databaseFileOf, loadRegistryConfig } from "../config.ts";
import { migrations } from "../metadata/migrations.ts";
import { withConsent, yesOption } from "./confirm.ts";
import { type CommandContext, configOption } from "./context.ts";

export function defineRestore(parent: Command, context: CommandContext): void {
  parent
    .command("restore")
    .summary("put a snapshot in the place of the database; stop the server first")
    .description(
      "The database as it was is kept beside the snapshots. Images that were pushed after the snapshot are not known " +
        "any more, and those whose blobs were removed since cannot be pulled: push both again.",
    )
    .argument("<snapshot>", "a file that `mcr snapshot` wrote")
    .addOption(yesOption())
    .addOption(configOption())
    .addHelpText("after", examples("mcr restore /srv/mcr/backups/mcr-2026-01-31T04-00-00-000Z.db"))
    .action(async (snapshot, options) => {
      const config = loadRegistryConfig(options.config, context.environment);
      const file = databaseFileOf(config, "restore");
      await withConsent(context, `Put ${snapshot} in the place of ${file}?`, options.yes, async () => {
        using _ = claimFile(file, claimWords);
        const directory = resolve(snapshotDirectoryOf(config.snapshot.directory, file));
        makeDirectory(directory);
        const { keep, keep_for: keepForMs } = config.snapshot;
        const into = { directory, prefix: "mcr", keep, keepForMs };
        const aside = snapshotPath(into, context.clock.now(), { replaced: true });
        const from = resolve(snapshot);
        const { replaced } = restoreDatabase({ file, snapshot: from, aside, migrations, prepare: () => {} });
        const kept = replaced === "none" ? "Restored." : `Restored. The database as it was: ${aside}`;
        context.terminal.say(kept);
        context.terminal.say(`Start the server, and look for lost content: mcr gc run --dry-run`);
      });
    });
}
