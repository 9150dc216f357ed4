import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { runUntilSignal } from "@metacircular/mcdsl/shutdown/run.ts";
import { ensureAgentToken } from "../bootstrap/accounts.ts";
import { ensureCertificates } from "../bootstrap/certificates.ts";
import { environmentOf } from "../platform.ts";
import { programs } from "../supervisor/programs.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { findPlatform, statePath, thisHost } from "./context.ts";

/** Both programs may need their whole time to stop. */
const stopDeadlineMs = 55_000;

/** Keeps the programs of a state directory running until SIGTERM. `up` starts it in the background; a service
 * manager may run it in the foreground instead. Ends at once where there is one already. */
export async function supervise(options: { state?: string }): Promise<void> {
  const logger = createLogger({ name: "supervisor", level: "info" });
  const host = thisHost();
  await runUntilSignal({
    logger,
    deadlineMs: stopDeadlineMs,
    start: async () => {
      const path = statePath(options.state, host);
      const platform = await findPlatform(path, host);
      if (platform === undefined) throw new Error(`nothing was set up in ${path}; run metacircular up first`);
      const supervisor = await Supervisor.start({
        layout: platform.layout,
        programs: programs(platform.layout, host.checkout),
        environment: environmentOf(platform),
        upkeep: async () => {
          await ensureCertificates(platform.layout, host.clock);
          await ensureAgentToken(platform);
        },
        onAbandoned: () => {
          process.kill(process.pid, "SIGTERM");
        },
        clock: host.clock,
        logger,
      });
      if (supervisor !== undefined) return supervisor;
      logger.info({ state: path }, "another supervisor is at work here");
      process.exit(0);
    },
  });
}
