import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { parseImageReference } from "@metacircular/mcp-core/image.ts";
import { movedRegistryRemedy } from "@metacircular/mcp-core/moved-registry.ts";
import { createRegistryClient, type RegistryClient } from "@metacircular/mcr/client.ts";

import type { CliConfig } from "../config/load.ts";
import type { PushLogin } from "./image-runtime.ts";
import { podmanLogin } from "./podman-login.ts";
import { registryOf } from "./wanted-images.ts";

/** The registries that images are named after. The login of the identity service goes to the configured one only; for
 * others what `podman login` stored is used. */
export interface Registries extends Disposable {
  /** Whether the image is named after the configured registry. */
  isOurs(image: string): boolean;
  /** Digest that the image's tag names there now; undefined: it is not there.
   * @throws DetailedError as the registry client */
  digestOf(image: string, signal: AbortSignal): Promise<string | undefined>;
  /** The failure of a call about an image, with what to do where its registry is not the configured one. */
  explained(image: string, thrown: unknown): unknown;
  /** How to push the image; undefined: as podman does by itself.
   * @throws DetailedError NOT_LOGGED_IN */
  loginFor(image: string): Promise<PushLogin | undefined>;
  /** Asks the configured registry whether it takes the login; nothing where none is configured.
   * @throws DetailedError as the registry client, NOT_LOGGED_IN */
  check(signal: AbortSignal): Promise<void>;
}

/** The name that MCR takes any account's token under. */
const tokenUser = "token";

/** Where images named after the hub really are. */
const hub = { name: "docker.io", address: "registry-1.docker.io" };

/** Connects when something is asked. */
export function openRegistries(options: {
  config: Pick<CliConfig, "registry">;
  token: () => Promise<string>;
  environment: Readonly<Record<string, string | undefined>>;
  clock: Clock;
}): Registries {
  const { config, token, environment, clock } = options;
  const clients = new Map<string, RegistryClient>();

  async function login(): Promise<{ username: string; password: string }> {
    return { username: tokenUser, password: await token() };
  }

  function clientOf(address: string): RegistryClient {
    const known = clients.get(address);
    if (known !== undefined) return known;
    const ours = config.registry?.address === address ? config.registry : undefined;
    const client =
      ours !== undefined
        ? createRegistryClient({ ...ours, credentials: login, clock })
        : createRegistryClient({
            address: address === hub.name ? hub.address : address,
            credentials: () => podmanLogin(address, environment),
            trustsRealm: true,
            clock,
          });
    clients.set(address, client);
    return client;
  }

  const isOurs = (image: string): boolean => registryOf(image) === config.registry?.address;

  function explained(image: string, thrown: unknown): unknown {
    const moved = movedRegistryRemedy(registryOf(image), config.registry?.address ?? "");
    if (moved === "" || !(thrown instanceof DetailedError) || thrown.category !== "unavailable")
      return thrown;
    const remedy = thrown.remedy === "" ? moved : `${moved}; else ${thrown.remedy}`;
    return thrown.with({ remedy, cause: thrown });
  }

  return {
    isOurs,
    async digestOf(image, signal) {
      const { repository = "", tag = "" } = parseImageReference(image) ?? {};
      try {
        return await clientOf(registryOf(image)).manifestDigest(repository, tag, signal);
      } catch (thrown) {
        throw explained(image, thrown);
      }
    },
    explained,
    async loginFor(image) {
      const ours = isOurs(image) ? config.registry : undefined;
      return ours === undefined ? undefined : { ...ours, ...(await login()) };
    },
    async check(signal) {
      if (config.registry !== undefined) await clientOf(config.registry.address).check(signal);
    },
    [Symbol.dispose]() {
      for (const client of clients.values()) client[Symbol.dispose]();
    },
  };
}
