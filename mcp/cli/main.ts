import { systemClock } from "@metacircular/mcdsl/clock.ts";

import { run } from "./run.ts";

async function main(): Promise<void> {
  const interrupted = new AbortController();
  const received: NodeJS.Signals[] = [];
  let holders = 0;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (signal === "SIGINT" && holders > 0) return;
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    received.push(signal);
    interrupted.abort(new Error("interrupted"));
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  process.exitCode = await run(process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    clock: systemClock,
    signal: interrupted.signal,
    holdInterrupts: () => {
      holders += 1;
      return { [Symbol.dispose]: () => void (holders -= 1) };
    },
    exitCode: 0,
  });
  // Ends by the signal itself, so that a shell or a supervisor sees why.
  const [signal] = received;
  if (signal !== undefined) process.kill(process.pid, signal);
}

// The reader of a pipe has seen enough: not an error, and nobody is left to tell.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(process.exitCode ?? 0);
  });
}

void main();
