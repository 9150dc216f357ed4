import { Option } from "@commander-js/extra-typings";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Terminal } from "@metacircular/mcdsl/commands/terminal.ts";
import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";

/** What every command gets from outside. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly clock: Clock;
}

/** A fresh one per command: options hold their value. */
export function configOption(): Option<"-c, --config <file>", undefined, string> {
  return new Option("-c, --config <file>", "configuration file")
    .env("MCR_CONFIG")
    .default("/srv/mcr/mcr.toml");
}
