import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Runtime } from "../runtime/runtime.ts";

const lineLimit = 20;
const lineLength = 500;

/** The last lines a container printed, oldest first. An error here is no reason to lose the one that is
 * being explained. */
export async function lastLogLines(
  container: string,
  { runtime, logger, signal }: { runtime: Pick<Runtime, "logs">; logger: Logger; signal: AbortSignal },
): Promise<string[]> {
  const lines: string[] = [];
  try {
    for await (const { text } of runtime.logs(container, { follow: false, tail: lineLimit }, signal)) {
      lines.push(text.slice(0, lineLength));
    }
  } catch (error) {
    logger.warn({ container, error: messageOf(error) }, "cannot read the container's last output");
  }
  return lines.slice(-lineLimit);
}
