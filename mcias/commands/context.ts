import { type CommandContext, configOptionOf, operator } from "@metacircular/mcdsl/commands/context.ts";
import { Administration } from "../admin/administration.ts";
import { type Config, loadIdentityConfig } from "../config.ts";
import { openStores, type Stores } from "../stores.ts";

export type { CommandContext };

export const configOption = configOptionOf("mcias");

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
