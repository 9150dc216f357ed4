import { runControl } from "./run.ts";

process.exitCode = await runControl(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
  environment: process.env,
});
