import { watch } from "node:fs";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { fine, type Judgement, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

/** Whether the end of a container can be noticed at once. */
export const exitWatchCheck: Check = {
  name: "exit-watch",
  async run({ runtime }, signal) {
    const directories = await runtime.exitDirectories(signal);
    if (directories.length > 0)
      return directories.map((directory) => judgeWatch(directory, tryWatch(directory)));
    return [judgeWatch(runtime.name, "the runtime names no directory to watch")];
  },
};

/** @param failure why it cannot be watched; empty: it can */
export function judgeWatch(directory: string, failure: string): Judgement {
  if (failure === "") return fine(directory, "it can be watched");
  return warning(
    directory,
    `the ends of containers are noticed at the monitor's interval only: ${failure}`,
    "run any container once, which makes the directory; else see fs.inotify.max_user_watches and _instances in sysctl",
  );
}

function tryWatch(directory: string): string {
  try {
    watch(directory, { persistent: false }).close();
    return "";
  } catch (error) {
    return messageOf(error);
  }
}
