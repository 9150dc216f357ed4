import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { Option } from "@commander-js/extra-typings";

/** What every command gets from outside. */
export interface CommandContext {
  /** Writes a line of data. */
  readonly out: (line: string) => void;
  /** Writes a line said about it. */
  readonly say: (line: string) => void;
  readonly environment: Environment;
  readonly clock: Clock;
}

const defaultConfigFile = "/srv/mc-proxy/mc-proxy.toml";

/** A fresh one per command: options hold their value. */
export function configOption(): Option<"-c, --config <file>", undefined, string> {
  return new Option("-c, --config <file>", "configuration file")
    .env("MC_PROXY_CONFIG")
    .default(defaultConfigFile);
}
