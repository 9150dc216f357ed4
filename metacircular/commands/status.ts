import { readStatus } from "../health/status.ts";
import { exitCodes } from "../output/error.ts";
import { statusJson, statusText } from "../output/status.ts";
import { findPlatform, statePath, thisHost } from "./context.ts";

/** Prints what runs and what does not. Returns the exit code: 1 when anything that should run does not. */
export async function status(options: { state?: string; output: "text" | "json" }): Promise<number> {
  const host = thisHost();
  const path = statePath(options.state, host);
  const platform = await findPlatform(path, host);
  const found = platform === undefined ? undefined : await readStatus(platform);
  process.stdout.write(
    options.output === "json"
      ? `${JSON.stringify(statusJson(path, found), undefined, 2)}\n`
      : await statusText(path, found, host.clock.now()),
  );
  return found?.ok === true ? exitCodes.done : exitCodes.failed;
}
