import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { configOptionOf } from "@metacircular/mcdsl/commands/context.ts";
import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";

/** What every command gets from outside. */
export interface CommandContext {
  /** Writes a line of data. */
  readonly out: (line: string) => void;
  /** Writes a line said about it. */
  readonly say: (line: string) => void;
  readonly environment: Environment;
  readonly clock: Clock;
}

export const configOption = configOptionOf("mc-proxy");
