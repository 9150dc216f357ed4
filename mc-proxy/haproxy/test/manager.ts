import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import type { DesiredState } from "../../engine/desired-state.ts";
import { openHaproxyEngine } from "../haproxy-engine.ts";

/** A program: applies the state in a file to a data plane, and then does nothing until it is killed. */
export const managerProgram = fileURLToPath(import.meta.url);

if (import.meta.main) {
  const [directory = "", stateFile = ""] = process.argv.slice(2);
  const logger = createLogger({ name: "manager", level: "info" });
  const engine = await openHaproxyEngine({ directory, clock: systemClock, logger });
  const applied = await engine.apply(JSON.parse(await readFile(stateFile, "utf8")) as DesiredState);
  logger.info(applied, "applied");
  setInterval(() => undefined, 60_000);
}
