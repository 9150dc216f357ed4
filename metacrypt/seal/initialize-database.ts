import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { keyFileNotConfigured, readOrMakeKeyFile } from "../barrier/key-file.ts";
import type { Protection } from "../barrier/protection.ts";
import { alreadyInitialized } from "../barrier/refusals.ts";
import type { Config } from "../config.ts";
import { openStores } from "../stores.ts";

/** Makes the keys in a database beside a server that may be running.
 * @returns the shares as text, where there are some
 * @throws DetailedError ALREADY_INITIALIZED, KEY_FILE_NOT_CONFIGURED, and those of `Barrier.initialize` */
export async function initializeDatabase(options: {
  readonly config: Pick<Config, "database" | "seal">;
  readonly clock: Clock;
  readonly protection: Protection | undefined;
  readonly unattended: boolean;
  readonly actor: string;
}): Promise<string[]> {
  const { config, clock, protection, unattended, actor } = options;
  using stores = openStores(config.database.path, clock);
  const { barrier, audit } = stores;
  if (barrier.status().initialized) throw alreadyInitialized();
  const file = config.seal.unattended_key_file;
  if (unattended && file === "") throw keyFileNotConfigured();
  const fileKey = unattended ? await readOrMakeKeyFile(file) : undefined;
  const entry = { actor, operation: "system/initialize" };
  return await barrier.initialize({ protection, fileKey }, (work) => audit.change(entry, work));
}
