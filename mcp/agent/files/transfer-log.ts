import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";

/** Longest text of a request in the log. */
const longestText = 1_024;

/** How one push or pull ended; the first of these that is called is logged. */
export interface TransferLog {
  done(facts: { sizeBytes: number; sha256: Uint8Array; mode: number }): void;
  failed(error: unknown): void;
  /** The caller went away, or the agent stops. */
  brokenOff(): void;
}

/** Logs who pushed or pulled which file and how that ended; never content. */
export function logTransfer(
  logger: Logger,
  about: { action: "push" | "pull"; caller: string; service: string; path: string },
): TransferLog {
  const { action, caller } = about;
  const base = { action, caller, service: cut(about.service), path: cut(about.path) };
  let said = false;
  const say = (facts: Readonly<Record<string, unknown>>): void => {
    if (!said) logger.info({ ...base, ...facts }, "file");
    said = true;
  };
  return {
    done: ({ sizeBytes, sha256, mode }) =>
      say({
        outcome: "done",
        sizeBytes,
        sha256: Buffer.from(sha256).toString("hex"),
        mode: mode.toString(8).padStart(4, "0"),
      }),
    failed: (error) =>
      say({ outcome: "failed", errorCode: error instanceof DetailedError ? error.code : "INTERNAL" }),
    brokenOff: () => say({ outcome: "broken off" }),
  };
}

function cut(text: string): string {
  return text.slice(0, longestText);
}
