import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { runProgram } from "@metacircular/mcdsl/commands/run-program.ts";
import { createTerminal } from "@metacircular/mcdsl/commands/terminal.ts";
import { createProgram } from "./commands/program.ts";

const terminal = createTerminal(process);
const program = createProgram({ terminal, environment: process.env, clock: systemClock });
process.exitCode = await runProgram(program, process.argv.slice(2), terminal);
