import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { loadNameServerConfig } from "../config.ts";
import { type CommandContext, configOption } from "./context.ts";

/** More than the server needs to finish the calls that run. */
const stopDeadlineMs = 15_000;

export function defineServer(parent: Command, context: CommandContext, version: string): void {
  parent
    .command("server")
    .summary("run the name server")
    .description("Serves until SIGTERM or SIGINT. Logs JSON to the standard error.")
    .addOption(configOption())
    .addHelpText("after", examples("mcns server --config /srv/mcns/mcns.toml"))
    .action(async (options) => {
      const config = loadNameServerConfig(options.config, context.environment);
      const logger = createLogger({ name: "mcns", level: config.log.level });
      // The other commands should not wait until all of the server has loaded.
      const [{ startNameServer }, { runUntilSignal }] = await Promise.all([
        import("../mcns.ts"),
        import("@metacircular/mcdsl/shutdown/run.ts"),
      ]);
      await runUntilSignal({
        start: () => startNameServer({ config, logger, clock: context.clock, version }),
        logger,
        deadlineMs: stopDeadlineMs,
      });
    });
}
