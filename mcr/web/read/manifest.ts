import { notFound } from "@metacircular/mcdsl/web/error-page.ts";
import type { Grants } from "../../access/access.ts";
import type { AccountPulls } from "../../audit/pull-store.ts";
import type { Digest } from "../../digest.ts";
import type { StoredManifest } from "../../metadata/metadata.ts";
import {
  type ArtifactKind,
  artifactKind,
  cosignTagKind,
  cosignTags,
  manifestKind,
} from "../image/artifact-kind.ts";
import type { ImageConfiguration } from "../image/configuration.ts";
import { type LayerStep, layerSteps } from "../image/layers.ts";
import { type Descriptor, shownManifest, type ShownManifest } from "../../manifest/shown-manifest.ts";
import type { Sources } from "../sources.ts";
import { readConfiguration } from "./configuration.ts";
import { contentSize } from "./content-size.ts";
import { isDeletable, isImmutable } from "./tag-hints.ts";
import { requireRepository } from "./tags.ts";

/** Something about the manifest that is shown. */
export interface AboutIt {
  readonly kind: ArtifactKind;
  readonly artifactType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** As whoever pushed it wrote it; empty: nothing is said. */
  readonly created: string;
}

export interface ManifestView {
  readonly repository: string;
  /** Undefined: it is looked at by its digest. */
  readonly tag: string | undefined;
  readonly stored: StoredManifest;
  readonly manifest: ShownManifest;
  readonly kind: ArtifactKind;
  /** Of everything that a pull brings; of an index, of all platforms. */
  readonly sizeBytes: number;
  /** Undefined: it has none that can be read. */
  readonly configuration: ImageConfiguration | undefined;
  readonly steps: readonly LayerStep[];
  readonly tags: readonly string[];
  /** The tag cannot be moved. */
  readonly isImmutable: boolean;
  readonly platforms: readonly PlatformRow[];
  readonly referrers: readonly AboutIt[];
  readonly includedBy: readonly { readonly digest: Digest; readonly tags: readonly string[] }[];
  readonly pulls: readonly AccountPulls[];
  readonly mayDelete: boolean;
}

/** A manifest of an index. */
export interface PlatformRow extends Descriptor {
  readonly isThere: boolean;
  /** Of everything that a pull brings. */
  readonly contentBytes: number;
}

const mostOfEach = 100;

/** @throws DetailedError PAGE_NOT_FOUND, also where the visitor may not pull */
export async function readManifest(
  sources: Sources,
  grants: Grants,
  repository: string,
  reference: Digest | { readonly tag: string },
): Promise<ManifestView> {
  const { metadata } = sources;
  const stored = await requireManifest(sources, grants, repository, reference);
  const { digest } = stored;
  const manifest = shownManifest(stored.content);
  const { config } = manifest;
  const configuration = config && (await readConfiguration(sources, repository, config));
  const tag = typeof reference === "string" ? undefined : reference.tag;
  const { sizeBytes } = await contentSize(sources, repository, digest);
  const includedBy = await metadata.includedBy(repository, digest, mostOfEach);
  return {
    repository,
    tag,
    stored,
    manifest,
    kind: cosignTagKind(tag ?? "") ?? manifestKind(manifest),
    sizeBytes,
    configuration,
    steps: layerSteps(manifest.layers, configuration?.history ?? []),
    tags: await metadata.tagsOf(repository, digest),
    isImmutable: tag !== undefined && isImmutable(sources.rules, repository, { name: tag, digest }),
    platforms: await readPlatforms(sources, repository, manifest),
    referrers: await readReferrers(sources, repository, digest),
    includedBy: await Promise.all(
      includedBy.map(async (index) => ({ digest: index, tags: await metadata.tagsOf(repository, index) })),
    ),
    pulls: await sources.pulls.listOf(repository, digest, 20),
    mayDelete: grants.may("delete", repository),
  };
}

/** What deleting a tag or a manifest takes with it. */
export interface ManifestRemoval {
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest;
  /** All that stand for the manifest. */
  readonly tags: readonly string[];
  /** Those that rules keep. */
  readonly kept: readonly string[];
  readonly includedBy: readonly Digest[];
  readonly referrers: number;
}

export async function readManifestRemoval(
  sources: Sources,
  grants: Grants,
  repository: string,
  reference: Digest | { readonly tag: string },
): Promise<ManifestRemoval> {
  const { metadata, rules } = sources;
  const { digest } = await requireManifest(sources, grants, repository, reference);
  const tags = await metadata.tagsOf(repository, digest);
  const tag = typeof reference === "string" ? undefined : reference.tag;
  const going = tag === undefined ? tags : [tag];
  const referrers = await referrersOf(sources, repository, digest);
  return {
    repository,
    tag,
    digest,
    tags,
    kept: going.filter((name) => !isDeletable(rules, repository, { name, digest })),
    includedBy: tag === undefined ? await metadata.includedBy(repository, digest, mostOfEach) : [],
    referrers: referrers.length,
  };
}

async function requireManifest(
  sources: Sources,
  grants: Grants,
  repository: string,
  reference: Digest | { readonly tag: string },
): Promise<StoredManifest> {
  await requireRepository(sources, grants, repository);
  const stored = await sources.metadata.manifest(repository, reference);
  if (stored === undefined)
    throw notFound("the repository has no such tag or manifest; perhaps it was deleted");
  return stored;
}

async function readPlatforms(
  sources: Sources,
  repository: string,
  { manifests }: ShownManifest,
): Promise<PlatformRow[]> {
  const rows: PlatformRow[] = [];
  for (const descriptor of manifests.slice(0, mostOfEach)) {
    const { sizeBytes } = await contentSize(sources, repository, descriptor.digest);
    rows.push({ ...descriptor, isThere: sizeBytes > 0, contentBytes: sizeBytes });
  }
  return rows;
}

/** Those that name it as their subject, and those that cosign finds by their tags. */
async function readReferrers(
  { metadata }: Pick<Sources, "metadata">,
  repository: string,
  digest: Digest,
): Promise<AboutIt[]> {
  const all = await referrersOf({ metadata }, repository, digest);
  for (const { tag, kind } of cosignTags(digest)) {
    const stored = await metadata.manifest(repository, { tag });
    if (stored === undefined || all.some((known) => known.digest === stored.digest)) continue;
    const { annotations, artifactType } = shownManifest(stored.content);
    const created = createdIn(annotations);
    all.push({ kind, artifactType, digest: stored.digest, sizeBytes: stored.content.length, created });
  }
  return all;
}

const mostPages = 10;

/** Of annotations, which may be large, nothing is kept but what is shown. */
async function referrersOf(
  { metadata }: Pick<Sources, "metadata">,
  repository: string,
  digest: Digest,
): Promise<AboutIt[]> {
  const all: AboutIt[] = [];
  for (let pages = 0; pages < mostPages && all.length < mostOfEach; pages += 1) {
    const after = all.at(-1)?.digest ?? "";
    const found = await metadata.referrers(repository, digest, { after, limit: mostOfEach - all.length });
    if (found.length === 0) break;
    for (const { annotations, ...referrer } of found) {
      const kind = artifactKind(referrer.artifactType);
      all.push({ ...referrer, kind, created: createdIn(annotations) });
    }
  }
  return all;
}

const mostCharacters = 100;

function createdIn(annotations: Readonly<Record<string, string>>): string {
  return (annotations["org.opencontainers.image.created"] ?? "").slice(0, mostCharacters);
}
