import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { run } from "./commands/run.ts";

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
  environment: process.env,
  clock: systemClock,
});
