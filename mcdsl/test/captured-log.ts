import { createLogger, type Logger } from "../log/logger.ts";

export interface CapturedLog {
  readonly logger: Logger;
  readonly lines: Record<string, unknown>[];
  /** The whole log as text. */
  text(): string;
}

/** A logger whose lines a test can read. */
export function captureLog(): CapturedLog {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write(line: string): void {
      lines.push(JSON.parse(line) as Record<string, unknown>);
    },
  };
  return {
    logger: createLogger({ name: "test", level: "debug", destination }),
    lines,
    text: () => JSON.stringify(lines),
  };
}
