import { userInfo } from "node:os";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { Option } from "@commander-js/extra-typings";
import { Administration } from "../admin/administration.ts";
import { type Config, loadIdentityConfig } from "../config.ts";
import { openStores, type Stores } from "../stores.ts";
import type { Terminal } from "@metacircular/mcdsl/commands/terminal.ts";

/** What every command gets from outside. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly clock: Clock;
}

export const DEFAULT_CONFIG_FILE = "/srv/mcias/mcias.toml";

/** A fresh one per command: options hold their value. */
export function configOption(): Option<"-c, --config <file>", undefined, string> {
  return new Option("-c, --config <file>", "configuration file")
    .env("MCIAS_CONFIG")
    .default(DEFAULT_CONFIG_FILE);
}

/** Opens the database that the configuration names, beside a server that may be running. */
export function openAdministration(
  context: CommandContext,
  configFile: string,
): Disposable & { config: Config; stores: Stores; administration: Administration } {
  const config = loadIdentityConfig(configFile, context.environment);
  const stores = openStores(config, context.clock);
  return {
    config,
    stores,
    administration: new Administration(stores, operator()),
    [Symbol.dispose]: () => stores[Symbol.dispose](),
  };
}

/** Whoever runs the command, for the audit log. */
export function operator(): string {
  return `cli:${userInfo().username}`;
}
