import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { runProgram } from "@metacircular/mcdsl/commands/run-program.ts";
import { createTerminal } from "@metacircular/mcdsl/commands/terminal.ts";
import { createProgram } from "./commands/program.ts";
import manifest from "./package.json" with { type: "json" };

const terminal = createTerminal(process);
const program = createProgram({
  terminal,
  environment: process.env,
  clock: systemClock,
  version: manifest.version,
});
process.exitCode = await runProgram(program, process.argv.slice(2), terminal);
