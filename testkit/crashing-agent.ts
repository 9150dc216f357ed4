import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { runUntilSignal } from "@metacircular/mcdsl/shutdown/run.ts";
import { startAgent } from "@metacircular/mcp-agent/agent.ts";
import { readConfig } from "@metacircular/mcp-agent/commands/read-config.ts";
import { executors } from "@metacircular/mcp-agent/deploy/executors.ts";
import { crashingExecutors } from "./crash-point.ts";

/** The real agent, but that it dies at the crash point found in the file named last. */
const [configFile = "", crashFile = ""] = process.argv.slice(2);
const config = readConfig(configFile);
const logger = createLogger({ name: "mcp-agent", level: config.log.level });
await runUntilSignal({
  start: () =>
    startAgent({
      config,
      configFile,
      environment: process.env,
      version: "test",
      clock: systemClock,
      logger,
      executors: crashingExecutors(executors, crashFile),
    }),
  logger,
  deadlineMs: 20_000,
});
