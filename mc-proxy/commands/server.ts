import { randomUUID } from "node:crypto";
import type { Command } from "@commander-js/extra-typings";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { engineDirectory, loadProxyConfig } from "../config.ts";
import manifest from "../package.json" with { type: "json" };
import { type CommandContext, configOption } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

/** For admin calls in progress, besides what the data plane gets. */
const stopMs = 20_000;

export function defineServer(parent: Command, context: CommandContext): void {
  parent
    .command("server")
    .summary("run the proxy")
    .description("Serves until SIGTERM or SIGINT. Logs JSON to the standard error.")
    .addOption(configOption())
    .addHelpText("after", examples("mc-proxy server --config /srv/mc-proxy/mc-proxy.toml"))
    .action(async (options) => {
      const config = loadProxyConfig(options.config, context.environment);
      const logger = createLogger({ name: "mc-proxy", level: config.log.level });
      const { clock } = context;
      // The other commands should not wait until all of it has loaded.
      const [{ startProxy }, { openHaproxyEngine }, { runUntilSignal }] = await Promise.all([
        import("../proxy.ts"),
        import("../haproxy/haproxy-engine.ts"),
        import("@metacircular/mcdsl/shutdown/run.ts"),
      ]);
      const { binary: program } = config.haproxy;
      await runUntilSignal({
        start: () =>
          startProxy({
            config,
            openEngine: () =>
              openHaproxyEngine({ directory: engineDirectory(config), program, clock, logger }),
            newId: randomUUID,
            version: manifest.version,
            clock,
            logger,
          }),
        logger,
        deadlineMs: config.limits.stop_timeout + stopMs,
      });
    });
}
