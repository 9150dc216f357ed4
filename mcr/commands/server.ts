import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { loadRegistryConfig } from "../config.ts";
import { type CommandContext, configOption } from "./context.ts";

/** More than requests in progress are given to end. */
const stopDeadlineMs = 25_000;

export function defineServer(parent: Command, context: CommandContext, version: string): void {
  parent
    .command("server")
    .summary("run the registry")
    .description("Serves until SIGTERM or SIGINT. Logs JSON to the standard error.")
    .addOption(configOption())
    .addHelpText("after", examples("mcr server --config /srv/mcr/mcr.toml"))
    .action(async (options) => {
      const config = loadRegistryConfig(options.config, context.environment);
      const logger = createLogger({ name: "mcr", level: config.log.level });
      // The other commands should not wait until all of the server has loaded.
      const [{ startRegistryServer }, { runUntilSignal }] = await Promise.all([
        import("../mcr.ts"),
        import("@metacircular/mcdsl/shutdown/run.ts"),
      ]);
      await runUntilSignal({
        start: () => startRegistryServer({ config, logger, clock: context.clock, version }),
        logger,
        deadlineMs: stopDeadlineMs,
      });
    });
}
