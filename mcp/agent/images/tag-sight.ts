import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type ImageReference, parseImageReference } from "@metacircular/mcp-core/image.ts";
import { containerHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { ComponentRecord } from "../registry/component-record.ts";
import type { Registry } from "../registry/registry.ts";
import type { TagSight } from "../registry/tags.ts";
import { type Container, labels, type Runtime } from "../runtime/runtime.ts";
import type { ImageRegistry } from "./image-registry.ts";
import { lookUpTag } from "./tags.ts";

/** A component whose image is named by a tag alone. */
export interface TaggedComponent {
  readonly record: ComponentRecord;
  readonly parsed: ImageReference;
}

/** Components that should run, and whose tag can move. */
export function taggedComponents(records: readonly ComponentRecord[]): TaggedComponent[] {
  return records.flatMap((record) => {
    const parsed = parseImageReference(record.spec.image);
    const isTagged = record.desired === "running" && parsed?.digest === "" && parsed.tag !== "";
    return isTagged ? [{ record, parsed }] : [];
  });
}

/** Whether the container is made from what is declared now. What is declared and not deployed yet may name an image that
 * does not run. Where nobody knows what it was made from, it is taken to be that. */
export function isOfDeclared({ spec, observed }: ComponentRecord, container: Container): boolean {
  const specHash = container.labels[labels.specHash] ?? observed.specHash;
  return specHash === "" || specHash === containerHash(spec);
}

export type Comparison = Pick<TagSight, "digest" | "runningDigest" | "moved">;

/** Compares what runs with what its tag names: in the registry of the platform, where the image comes from there, else
 * on the node. Undefined: it cannot be told, since nothing has the name any more or the image is gone.
 * @throws DetailedError IMAGE_NOT_FOUND, and those of the registry and of the runtime */
export async function compareTag(
  { record: { imageDigest }, parsed }: TaggedComponent,
  container: Container,
  options: {
    readonly runtime: Pick<Runtime, "image">;
    readonly registry: Pick<Registry, "imageDigests">;
    readonly imageRegistry: Pick<ImageRegistry, "address" | "digestOf" | "manifest"> | undefined;
  },
  signal: AbortSignal,
): Promise<Comparison | undefined> {
  const { runtime, imageRegistry } = options;
  const name = parsed.registry === "" ? parsed.repository : `${parsed.registry}/${parsed.repository}`;
  if (imageRegistry === undefined || parsed.registry !== imageRegistry.address) {
    const named = await runtime.image(`${name}:${parsed.tag}`, signal);
    if (named === undefined) return undefined;
    const moved = named.id !== container.imageId;
    return { digest: `sha256:${named.id}`, runningDigest: `sha256:${container.imageId}`, moved };
  }
  const running = await runtime.image(container.imageId, signal, name);
  if (running === undefined) return undefined;
  const source = { registry: imageRegistry, known: options.registry.imageDigests };
  const tag = await lookUpTag(source, parsed, running, signal);
  if (tag === undefined) throw tagGone(`${name}:${parsed.tag}`);
  const { digest, isSame } = tag;
  const runningDigest = isSame ? digest : imageDigest === "" ? running.digest : imageDigest;
  return { digest, runningDigest, moved: !isSame };
}

/** What is recorded after a look that succeeded.
 * @param before what was recorded last, of whatever deploy */
export function sightAfter(
  { service, spec, imageDigest }: ComponentRecord,
  comparison: Comparison,
  before: TagSight | undefined,
  nowMs: number,
): { readonly sight: TagSight; readonly isNews: boolean } {
  const facts = { service, component: spec.name, image: spec.image, deployedDigest: imageDigest };
  const wasMoved = isOfSameDeploy(facts, before) && before.moved;
  const movedSinceMs = comparison.moved ? (wasMoved ? before.movedSinceMs : nowMs) : 0;
  const isNews = comparison.moved && !(wasMoved && before.digest === comparison.digest);
  const sight = { ...facts, ...comparison, movedSinceMs, checkedAtMs: nowMs, error: "", failedAtMs: 0 };
  return { sight, isNews };
}

/** What is recorded after a look that failed: what was seen before, and why. */
export function sightAfterFailure(
  { service, spec, imageDigest }: ComponentRecord,
  error: string,
  before: TagSight | undefined,
  nowMs: number,
): TagSight {
  const facts = { service, component: spec.name, image: spec.image, deployedDigest: imageDigest };
  if (isOfSameDeploy(facts, before)) return { ...before, error, failedAtMs: nowMs };
  const nothing = { runningDigest: imageDigest, digest: "", moved: false, movedSinceMs: 0, checkedAtMs: 0 };
  return { ...facts, ...nothing, error, failedAtMs: nowMs };
}

function isOfSameDeploy(
  { image, deployedDigest }: Pick<TagSight, "image" | "deployedDigest">,
  before: TagSight | undefined,
): before is TagSight {
  return before?.image === image && before.deployedDigest === deployedDigest;
}

function tagGone(image: string): DetailedError {
  return new DetailedError({
    code: "IMAGE_NOT_FOUND",
    category: "not-found",
    attempted: "look up tag",
    subject: image,
    found: "the registry does not have it",
    remedy: "push it again, or deploy a tag that is there",
  });
}
