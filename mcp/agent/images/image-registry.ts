import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { createRegistryClient } from "@metacircular/mcr/client.ts";
import type { RegistryLogin } from "./registry-login.ts";

/** The registry of the platform, as the agent asks it, with its own login. */
export interface ImageRegistry extends Disposable {
  /** `host[:port]`, as it stands in image references. */
  readonly address: string;
  /** Rejects where it does not answer, is not trusted or does not take the login. */
  check(signal?: AbortSignal): Promise<void>;
  /** Digest that a tag names now; undefined: there is no such repository or tag. */
  digestOf(repository: string, tag: string, signal?: AbortSignal): Promise<string | undefined>;
  /** The manifest or index of that digest, decoded. @throws DetailedError IMAGE_NOT_FOUND */
  manifest(
    repository: string,
    digest: string,
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>>;
}

/** For an answer, the login included. */
const timeoutMs = 8_000;

/** Connects when it is first asked. */
export function openImageRegistry(login: RegistryLogin, clock: Clock): ImageRegistry {
  const { address, caFile } = login;
  const client = createRegistryClient({
    address,
    caFile,
    credentials: () => login.credentials(),
    timeoutMs,
    clock,
  });
  return {
    address,
    check: (signal) => client.check(signal),
    digestOf: (repository, tag, signal) => client.manifestDigest(repository, tag, signal),
    manifest: async (repository, digest, signal) =>
      (await client.manifest(repository, digest, signal)).content,
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}
