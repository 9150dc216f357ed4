import { readFileSync } from "node:fs";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { runProgram } from "@metacircular/mcdsl/commands/run-program.ts";
import { createTerminal } from "@metacircular/mcdsl/commands/terminal.ts";
import { createProgram } from "./commands/program.ts";

const manifest = readFileSync(new URL("package.json", import.meta.url), "utf8");
const { version } = JSON.parse(manifest) as { version: string };
const terminal = createTerminal(process);
const program = createProgram({ terminal, environment: process.env, clock: systemClock, version });
process.exitCode = await runProgram(program, process.argv.slice(2), terminal);
