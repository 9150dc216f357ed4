import { type Logger as PinoLogger, pino } from "pino";
import { createLineOutput } from "./line-output.ts";
import { redact, redactText } from "./redact.ts";

/** Writes one JSON object a line. Secrets are replaced in fields and messages. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds the fields to each of its lines. */
  child(fields: object): Logger;
}

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** @param options.destination takes each line with its end; default: standard error, written at once */
export function createLogger(options: {
  name: string;
  level: LogLevel;
  destination?: { write(line: string): void };
}): Logger {
  const destination = options.destination ?? createLineOutput(2);
  return wrap(
    pino(
      {
        name: options.name,
        level: options.level,
        base: { pid: process.pid },
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        serializers: {},
      },
      destination,
    ),
  );
}

function wrap(inner: PinoLogger): Logger {
  const at =
    (level: LogLevel) =>
    (fields: object, message: string): void => {
      if (inner.isLevelEnabled(level)) inner[level](fieldsOf(fields), redactText(message));
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => wrap(inner.child(fieldsOf(fields))),
  };
}

function fieldsOf(fields: object): Record<string, unknown> {
  const safe = redact(fields instanceof Error ? { error: fields } : fields);
  return typeof safe === "object" && safe !== null ? { ...safe } : {};
}
