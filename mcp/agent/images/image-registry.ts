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
  /** Digests of the images that an index lists; none where the digest is that of an image. */
  membersOf(repository: string, digest: string, signal?: AbortSignal): Promise<readonly string[]>;
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
    async membersOf(repository, digest, signal) {
      const { content } = await client.manifest(repository, digest, signal);
      return digestsIn(content["manifests"]);
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** As they stand in the `manifests` of an index (OCI image index specification). */
export function digestsIn(manifests: unknown): string[] {
  if (!Array.isArray(manifests)) return [];
  return (manifests as unknown[]).flatMap((entry) => {
    const digest: unknown =
      typeof entry === "object" && entry !== null ? Reflect.get(entry, "digest") : undefined;
    return typeof digest === "string" ? [digest] : [];
  });
}
