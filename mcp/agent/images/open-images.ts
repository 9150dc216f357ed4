import { join } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { createImagePushes, type ImagePushes } from "./image-pushes.ts";
import { createImageStore, type StoreRuntime } from "./image-store.ts";
import { openLayerCache } from "./layer-cache.ts";
import { openRegistryLogin, type RegistryLogin } from "./registry-login.ts";

/** The login that is configured, or undefined.
 * @param stateDirectory of the agent
 * @throws DetailedError REGISTRY_CA_UNREADABLE */
export async function openLogin(
  config: {
    readonly registry: { readonly address: string; readonly ca_cert: string };
    readonly mcias: { readonly token_path: string };
  },
  stateDirectory: string,
): Promise<RegistryLogin | undefined> {
  const { address, ca_cert: caFile } = config.registry;
  if (address === "") return undefined;
  const directory = join(stateDirectory, "registry");
  return openRegistryLogin({ address, caFile, tokenFile: config.mcias.token_path, directory });
}

/** Layers that arrived are kept in the agent's own directory. */
export async function openImagePushes(options: {
  readonly runtime: StoreRuntime;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<ImagePushes> {
  const { runtime, stateDirectory, clock, logger } = options;
  const cache = await openLayerCache({ directory: join(stateDirectory, "layers"), clock });
  return createImagePushes({ store: createImageStore(runtime, cache), cache, clock, logger });
}
