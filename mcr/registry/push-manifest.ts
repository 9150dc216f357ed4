import { createHash } from "node:crypto";
import { type Digest, algorithmOf, formatDigest } from "../digest.ts";
import { parseManifest } from "../manifest/manifest.ts";
import type { Metadata, ManifestReference } from "../metadata/metadata.ts";
import { manifestDigestMismatch } from "./errors.ts";
import type { RegistryParts } from "./parts.ts";

export interface PushRequest {
  readonly repository: string;
  /** What the client named; undefined: it named a tag, and sha256 it is. */
  readonly digest: Digest | undefined;
  readonly tags: readonly string[];
  readonly contentType: string | undefined;
  readonly content: Uint8Array;
  /** Name of who pushes. */
  readonly by: string;
}

export interface PushedManifest {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
  /** What tags that existed stood for before. */
  readonly previous: ReadonlyMap<string, Digest>;
}

/** @throws DetailedError see `Registry.pushManifest` */
export async function pushManifest(
  { metadata, rules, mayLack = "nothing" }: Pick<RegistryParts, "metadata" | "rules" | "mayLack">,
  push: PushRequest,
): Promise<PushedManifest> {
  const { repository, tags, content, by } = push;
  const algorithm = push.digest === undefined ? "sha256" : algorithmOf(push.digest);
  const digest = formatDigest(algorithm, createHash(algorithm).update(content).digest("hex"));
  if (push.digest !== undefined && push.digest !== digest) throw manifestDigestMismatch(push.digest, digest);
  const manifest = parseManifest(content, push.contentType);
  const { mediaType, subject, artifactType, annotations } = manifest;
  const optional = await held(metadata, repository, manifest.optionalReferences);
  const { previous } = await metadata.putManifest({
    repository,
    digest,
    mediaType,
    content,
    references: [...manifest.references, ...optional],
    subject,
    artifactType,
    annotations,
    tags,
    by,
    mayMove: (tag, from, to) => rules.requireMovable(repository, tag, { from, to }),
    quotaBytes: rules.quotaBytes(repository),
    mayLack,
  });
  return { digest, subject, previous };
}

/** Those that the repository holds: they stay as long as the manifest does. */
async function held(
  metadata: Metadata,
  repository: string,
  references: readonly ManifestReference[],
): Promise<readonly ManifestReference[]> {
  const found: ManifestReference[] = [];
  for (const reference of references) {
    const blob = await metadata.blob(repository, reference.digest, { forPush: true });
    if (blob !== undefined) found.push(reference);
  }
  return found;
}
