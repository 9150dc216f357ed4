import { flushCompileCache } from "node:module";
import type { Logger } from "../log/logger.ts";

const stopSignals = ["SIGINT", "SIGTERM"] as const;

/** Runs a service until SIGINT or SIGTERM, then disposes it and ends the process: with 0, or with 1 when it
 * did not start, did not stop within `deadlineMs`, or left an error uncaught. A second signal ends it at once.
 * The signal passed to `start` is aborted when the process is asked to stop. */
export async function runUntilSignal(options: {
  start: (signal: AbortSignal) => Promise<AsyncDisposable>;
  logger: Logger;
  deadlineMs: number;
}): Promise<never> {
  const { logger, deadlineMs } = options;
  const stopping = new AbortController();
  exitOnUncaught(logger);
  abortOnSignal(stopping, logger);
  stopping.signal.addEventListener("abort", () => {
    setTimeout(() => {
      logger.error({ deadlineMs }, "did not stop in time");
      process.exit(1);
    }, deadlineMs);
  });
  let service: AsyncDisposable | undefined;
  try {
    service = await options.start(stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) process.exit(0);
    logger.error({ error }, "could not start");
    process.exit(1);
  }
  // Otherwise kept at the end only, which a service that is killed does not reach: all its starts would be slow
  // and need more memory.
  flushCompileCache();
  await aborted(stopping.signal);
  try {
    await service[Symbol.asyncDispose]();
  } catch (error) {
    logger.error({ error }, "could not stop cleanly");
    process.exit(1);
  }
  logger.info({}, "stopped");
  process.exit(0);
}

function abortOnSignal(stopping: AbortController, logger: Logger): void {
  for (const name of stopSignals) {
    process.on(name, () => {
      if (stopping.signal.aborted) {
        logger.warn({ signal: name }, "asked to stop again, ending at once");
        process.exit(1);
      }
      logger.info({ signal: name }, "asked to stop");
      stopping.abort(new Error(`received ${name}`));
    });
  }
}

function exitOnUncaught(logger: Logger): void {
  process.on("uncaughtException", (error, origin) => {
    logger.error({ error, origin }, "uncaught error, ending");
    process.exit(1);
  });
}

/** Waits for the signal and keeps the process alive meanwhile. */
function aborted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, 1_000_000);
  return new Promise((resolve) => {
    const finish = (): void => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) finish();
    else signal.addEventListener("abort", finish, { once: true });
  });
}
