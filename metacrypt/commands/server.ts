import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { loadMetacryptConfig } from "../config.ts";
import { type CommandContext, configOption } from "./context.ts";

/** More than the server needs to finish the requests that run. */
const STOP_DEADLINE_MS = 15_000;

export function defineServer(parent: Command, context: CommandContext): void {
  parent
    .command("server")
    .summary("run the server")
    .description("Serves until SIGTERM or SIGINT. Logs JSON to the standard error. It starts sealed.")
    .addOption(configOption())
    .addHelpText("after", examples("metacrypt server --config /srv/metacrypt/metacrypt.toml"))
    .action(async (options) => {
      const config = loadMetacryptConfig(options.config, context.environment);
      const logger = createLogger({ name: "metacrypt", level: config.log.level });
      // The other commands should not wait until everything has loaded.
      const [{ startMetacrypt }, { runUntilSignal }] = await Promise.all([
        import("../metacrypt.ts"),
        import("@metacircular/mcdsl/shutdown/run.ts"),
      ]);
      const { clock, version } = context;
      await runUntilSignal({
        start: () => startMetacrypt({ config, logger, clock, version }),
        logger,
        deadlineMs: STOP_DEADLINE_MS,
      });
    });
}
