import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import type { KeyRing } from "../keys/key-ring.ts";
import { createProvider, type ProviderParts } from "./provider.ts";

export interface CurrentProvider {
  readonly provider: Provider;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/**
 * The library reads its key once, so a rotation needs a new instance. All its state is in the
 * database: requests that the old one still handles are not disturbed.
 */
export function createCurrentProvider(parts: ProviderParts, keys: KeyRing): () => Promise<CurrentProvider> {
  let built: (CurrentProvider & { kid: string }) | undefined;
  return async () => {
    if (built !== undefined && built.kid === keys.currentKid()) return built;
    const key = await keys.current();
    const provider = createProvider(parts, key);
    built = { kid: key.kid, provider, handle: provider.callback() };
    return built;
  };
}
