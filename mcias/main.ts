import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { run } from "./commands/run.ts";
import { createTerminal } from "@metacircular/mcdsl/commands/terminal.ts";

process.exitCode = await run(process.argv.slice(2), {
  terminal: createTerminal(process),
  environment: process.env,
  clock: systemClock,
});
