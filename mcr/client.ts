import { createHash } from "node:crypto";

import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import { createHttpsAgent } from "@metacircular/mcdsl/http/json-client.ts";

import { digestOf } from "./client/digest.ts";
import { createAuthorization, type RegistryCredentials } from "./client/authorization.ts";
import { type Answer, createExchange } from "./client/exchange.ts";
import { answerInvalid, imageNotFound } from "./client/failures.ts";

export type { RegistryCredentials } from "./client/authorization.ts";

/** A manifest or an index, as a registry has it. */
export interface StoredManifest {
  /** Of exactly these bytes; checked. */
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** The bytes, decoded. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** Asks a registry by the OCI distribution specification 1.1. Besides what each method names, all throw a
 * DetailedError: REGISTRY_UNREACHABLE (no answer, or none in time), TLS_FAILED (both of category unavailable),
 * REGISTRY_DENIED (category unauthenticated: who asks is not known; permission-denied: may not), REGISTRY_FAILED (an
 * answer that is none), CANCELLED. */
export interface RegistryClient extends Disposable {
  /** Digest that a tag names now, as the registry has it; of a digest, whether it is there. Undefined: there is no such
   * repository, tag or digest. Spec: "Checking if content exists in the registry". */
  manifestDigest(repository: string, reference: string, signal?: AbortSignal): Promise<string | undefined>;
  /** The manifest or index that a tag or digest names, at most 4 MiB.
   * @throws DetailedError IMAGE_NOT_FOUND */
  manifest(repository: string, reference: string, signal?: AbortSignal): Promise<StoredManifest>;
  /** Whether the repository has the blob. */
  blobExists(repository: string, digest: string, signal?: AbortSignal): Promise<boolean>;
  /** Asks whether the registry is there and takes the credentials. Spec: "Determining Support". */
  check(signal?: AbortSignal): Promise<void>;
}

export interface RegistryClientOptions {
  /** `host[:port]`, as it stands in image references. Only HTTPS is spoken. */
  readonly address: string;
  /** PEM file of the only authorities to trust; default: the well-known ones. */
  readonly caFile?: string | undefined;
  /** Asked when the registry wants to know who asks: name and password, of which an access token of MCIAS is one.
   * Undefined, or a promise of it: anonymous. Sent only to the host of `address`, but see `trustsRealm`. */
  readonly credentials?: (() => Promise<RegistryCredentials | undefined>) | undefined;
  /** Whether the registry may have tokens asked for at another host, which then sees the credentials: as many public
   * registries do, with passwords that are for them only. Default: no. */
  readonly trustsRealm?: boolean;
  /** For each question, authorization included. Default 10 s. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

const defaultTimeoutMs = 10_000;
const mostConnections = 4;
/** The most that a registry must take, by the specification's "Pushing Manifests". */
const mostManifestBytes = 4 * 1024 * 1024;

const acceptManifests = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

/** Connects at the first question.
 * @throws DetailedError TLS_FILE_UNREADABLE, TLS_CERTIFICATE_INVALID for the CA file */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { address, clock = systemClock, timeoutMs = defaultTimeoutMs } = options;
  const agent = createHttpsAgent({ caFile: options.caFile, maxSockets: mostConnections });
  const exchange = createExchange({ address, agent, timeoutMs });
  const { credentials, trustsRealm = false } = options;
  const authorization = createAuthorization({ address, exchange, clock, credentials, trustsRealm });
  const ask = (method: "GET" | "HEAD", path: string, scope: string, signal: AbortSignal | undefined) =>
    authorization.ask({ method, path, scope, accept: acceptManifests, maxBytes: mostManifestBytes, signal });
  const manifestPath = (repository: string, reference: string) =>
    `/v2/${repository}/manifests/${encodeURIComponent(reference).replace("%3A", ":")}`;

  async function manifest(
    repository: string,
    reference: string,
    signal?: AbortSignal,
  ): Promise<StoredManifest> {
    const answer = await ask("GET", manifestPath(repository, reference), pullScope(repository), signal);
    const subject = nameOf(address, repository, reference);
    if (answer.status === 404) throw imageNotFound(subject);
    return storedManifest(answer, subject, digestOf(reference));
  }

  return {
    manifest,
    async manifestDigest(repository, reference, signal) {
      const answer = await ask("HEAD", manifestPath(repository, reference), pullScope(repository), signal);
      if (answer.status === 404) return undefined;
      const digest = digestOf(String(answer.headers["docker-content-digest"] ?? ""));
      // The header is only recommended: then the content says it.
      return digest ?? (await manifest(repository, reference, signal)).digest;
    },
    async blobExists(repository, digest, signal) {
      const path = `/v2/${repository}/blobs/${digest}`;
      return (await ask("HEAD", path, pullScope(repository), signal)).status !== 404;
    },
    async check(signal) {
      await ask("GET", "/v2/", "", signal);
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

function nameOf(address: string, repository: string, reference: string): string {
  return `${address}/${repository}${digestOf(reference) === undefined ? ":" : "@"}${reference}`;
}

function storedManifest(answer: Answer, subject: string, asked: string | undefined): StoredManifest {
  const { bytes, headers } = answer;
  const promised = digestOf(String(headers["docker-content-digest"] ?? "")) ?? asked;
  const algorithm = (asked ?? promised)?.split(":")[0] ?? "sha256";
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
  if (asked !== undefined && asked !== digest) throw answerInvalid(subject, "a manifest with another digest");
  if (asked === undefined && promised !== undefined && promised !== digest) {
    throw answerInvalid(subject, "a manifest that is not what its digest says");
  }
  const content = decoded(bytes);
  if (content === undefined) throw answerInvalid(subject, "a manifest that is no JSON object");
  const mediaType = (headers["content-type"] ?? "").split(";", 1)[0]?.trim();
  return { digest, mediaType: mediaType ?? "", bytes, content };
}

function decoded(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof content === "object" && content !== null && !Array.isArray(content)
      ? { ...content }
      : undefined;
  } catch {
    return undefined;
  }
}
