import { readFile } from "node:fs/promises";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";

/** What tells one boot of the machine from another; empty where that cannot be read, which the log says. */
export async function readBootId(path: string, logger: Logger): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    logger.warn({ path, error: messageOf(error) }, "cannot tell whether the machine was started again");
    return "";
  }
}
