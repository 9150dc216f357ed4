import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type DirectoryWatch, watchDirectory } from "./watch.ts";

/** The watches on the directories in which the runtime notes that containers ended. */
export interface ExitWatches extends Disposable {
  /** Sets them up where that has not worked yet, and checks those that exist. Does not throw. */
  ensure(signal: AbortSignal): Promise<void>;
}

export function watchExits(options: {
  runtime: Pick<Runtime, "exitDirectories">;
  onChange: () => void;
  clock: Clock;
  logger: Logger;
}): ExitWatches {
  const { runtime, logger } = options;
  const watches = new Map<string, DirectoryWatch>();
  let hasComplained = false;

  function complain(fields: object): void {
    if (!hasComplained) logger.warn(fields, "ended containers are noticed at the monitor's interval only");
    hasComplained = true;
  }

  return {
    async ensure(signal) {
      for (const watch of watches.values()) watch.check();
      try {
        const directories = watches.size === 0 ? await runtime.exitDirectories(signal) : [];
        if (signal.aborted) return;
        for (const directory of directories)
          watches.set(directory, watchDirectory({ ...options, directory }));
        if (watches.size === 0) complain({ found: "the runtime names no directory to watch" });
        else if (hasComplained) logger.info({}, "ended containers are noticed at once again");
        hasComplained = watches.size === 0;
      } catch (error) {
        if (!signal.aborted) complain({ error: messageOf(error) });
      }
    },
    [Symbol.dispose]() {
      for (const watch of watches.values()) watch[Symbol.dispose]();
      watches.clear();
    },
  };
}
