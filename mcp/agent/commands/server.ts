import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { runUntilSignal } from "@metacircular/mcdsl/shutdown/run.ts";
import { startAgent } from "../agent.ts";
import { executors } from "../deploy/executors.ts";
import { readConfig } from "./read-config.ts";

/** Time for the step at hand to end. */
const shutdownDeadlineMs = 20_000;

/** Runs the agent until it is asked to stop. */
export async function serve(configFile: string, version: string): Promise<void> {
  const config = readConfig(configFile);
  const logger = createLogger({ name: "mcp-agent", level: config.log.level });
  await runUntilSignal({
    start: () =>
      startAgent({
        config,
        configFile,
        environment: process.env,
        version,
        clock: systemClock,
        logger,
        executors,
      }),
    logger,
    deadlineMs: shutdownDeadlineMs,
  });
}
