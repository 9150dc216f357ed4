import { type FSWatcher, statSync, watch } from "node:fs";

/** Watches a directory for changes. Disposing it ends that. */
export interface DirectoryWatch extends Disposable {
  /** Watches the directory that has the name now, where it does not yet. */
  rearm(): void;
}

/** Calls `onChange` when something in the directory changes. It may miss changes, as when the directory is replaced: call
 * `rearm` and look for yourself now and then. */
export function watchDirectory(directory: string, onChange: () => void): DirectoryWatch {
  let watcher: FSWatcher | undefined;
  let identity = "";

  function stop(): void {
    watcher?.close();
    watcher = undefined;
  }

  function rearm(): void {
    try {
      const found = identityOf(directory);
      if (watcher !== undefined && found === identity) return;
      stop();
      identity = found;
      watcher = watch(directory, { persistent: false });
      watcher.on("change", onChange);
      watcher.on("error", stop);
    } catch {
      // There is none now; whoever reads it says so.
      stop();
    }
  }

  rearm();
  return { rearm, [Symbol.dispose]: stop };
}

function identityOf(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `${dev}:${ino}`;
}
