import type { Command } from "@commander-js/extra-typings";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { loadIdentityConfig } from "../config.ts";
import { type CommandContext, configOption } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

/** More than the server needs to finish the requests that run. */
const STOP_DEADLINE_MS = 15_000;

export function defineServer(parent: Command, context: CommandContext): void {
  parent
    .command("server")
    .summary("run the identity server")
    .description("Serves until SIGTERM or SIGINT. Logs JSON to the standard error.")
    .addOption(configOption())
    .addHelpText("after", examples("mcias server --config /srv/mcias/mcias.toml"))
    .action(async (options) => {
      const config = loadIdentityConfig(options.config, context.environment);
      const logger = createLogger({ name: "mcias", level: config.log.level });
      // The other commands should not wait until the OAuth library has loaded.
      const [{ startIdentity }, { runUntilSignal }] = await Promise.all([
        import("../identity.ts"),
        import("@metacircular/mcdsl/shutdown/run.ts"),
      ]);
      await runUntilSignal({
        start: () => startIdentity({ config, logger, clock: context.clock }),
        logger,
        deadlineMs: STOP_DEADLINE_MS,
      });
    });
}
