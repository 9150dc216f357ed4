import { type FSWatcher, statSync, watch } from "node:fs";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";

/** A watch on one directory. Disposing it ends it. */
export interface DirectoryWatch extends Disposable {
  /** Makes sure that it watches the directory that has the name now. */
  check(): void;
}

const rearmMs = 1_000;

/** Calls `onChange` when something in the directory changes, and when something may have changed unseen: what
 * changed has to be looked up. Follows the name: when the directory is replaced it watches the new one; while
 * there is none it tries again every second, and says so in the log. */
export function watchDirectory(options: {
  directory: string;
  onChange: () => void;
  clock: Clock;
  logger: Logger;
}): DirectoryWatch {
  const { directory, onChange, clock, logger } = options;
  const ended = new AbortController();
  let watcher: FSWatcher | undefined;
  let identity = "";

  function arm(): void {
    identity = identityOf(directory);
    watcher = watch(directory, { persistent: false });
    watcher.on("change", (kind) => {
      onChange();
      if (kind === "rename") check();
    });
    watcher.on("error", lost);
  }

  function check(): void {
    if (watcher === undefined || ended.signal.aborted) return;
    try {
      if (identityOf(directory) === identity) return;
      watcher.close();
      arm();
      onChange();
    } catch (error) {
      lost(error);
    }
  }

  function lost(error: unknown): void {
    watcher?.close();
    watcher = undefined;
    logger.warn(
      { directory, error: messageOf(error) },
      "cannot watch for ended containers: they are noticed at the monitor's interval",
    );
    void rearm();
  }

  async function rearm(): Promise<void> {
    while (watcher === undefined) {
      try {
        await clock.sleep(rearmMs, ended.signal);
        ended.signal.throwIfAborted();
        arm();
        logger.info({ directory }, "watching for ended containers again");
        onChange();
      } catch {
        // Not there yet, which `lost` has said.
        if (ended.signal.aborted) return;
      }
    }
  }

  try {
    arm();
  } catch (error) {
    lost(error);
  }
  return {
    check,
    [Symbol.dispose]() {
      ended.abort();
      watcher?.close();
    },
  };
}

function identityOf(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `${dev}:${ino}`;
}
