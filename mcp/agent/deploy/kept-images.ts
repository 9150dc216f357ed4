import { parseImageReference } from "@metacircular/mcp-core/image.ts";
import { inRevisions, madeFrom } from "@metacircular/mcp-core/made-from.ts";
import type { PlanInput } from "@metacircular/mcp-core/plan.ts";
import type { ImageRegistry } from "../images/image-registry.ts";
import type { ComponentRecord } from "../registry/component-record.ts";
import type { Registry } from "../registry/registry.ts";
import type { Container, Image, Runtime } from "../runtime/runtime.ts";
import { observedContainers } from "./observed-containers.ts";

interface Sources {
  readonly runtime: Pick<Runtime, "image">;
  readonly registry: Pick<Registry, "components" | "imageDigests">;
  readonly imageRegistry?: Pick<ImageRegistry, "address"> | undefined;
}

/** What the containers are made from that a start or a repair may have to make anew, where the name of their image means
 * another one by now: a tag that moved on the node must not become a deploy that nobody asked for. */
export async function keptImages(
  about: Pick<PlanInput, "intent" | "revisions"> & { readonly containers: readonly Container[] },
  sources: Sources,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const { intent, revisions, containers } = about;
  if (intent.kind !== "start" && intent.kind !== "restart" && intent.kind !== "repair") return new Map();
  const observed = observedContainers(intent.service, containers);
  const isThere = (name: string): boolean =>
    (observed.get(name) ?? []).some(({ slot, lost }) => slot === "current" && !lost);
  const gone = sources.registry.components
    .ofService(intent.service)
    .filter(({ desired, spec }) => desired !== "ignore" && !isThere(spec.name));
  const found = await Promise.all(
    gone.map(async (record): Promise<[string, string][]> => {
      const { spec, deployedSpecHash } = record;
      const made = madeFrom(deployedSpecHash, [spec, ...inRevisions(spec.name, revisions)]);
      const image = made === undefined ? undefined : await keptImage(made.image, record, sources, signal);
      return image === undefined ? [] : [[spec.name, image]];
    }),
  );
  return new Map(found.flat());
}

/** Undefined: the reference will do. */
async function keptImage(
  reference: string,
  { imageDigest }: ComponentRecord,
  { runtime, registry, imageRegistry }: Sources,
  signal: AbortSignal,
): Promise<string | undefined> {
  const parsed = parseImageReference(reference);
  if (imageDigest === "" || parsed?.digest !== "") return undefined;
  const named = await runtime.image(reference, signal);
  if (named !== undefined && isKnownBy(named, reference, imageDigest, registry)) return undefined;
  for (const id of registry.imageDigests.imagesOf(repositoryOf(reference), imageDigest))
    if ((await runtime.image(id, signal))?.id === id) return id;
  // Of an image without a registry nothing is left but what the name means now. Of those of others it is not sure that
  // the digest is their registry's.
  return parsed.registry === imageRegistry?.address ? `${reference}@${imageDigest}` : undefined;
}

/** Whether a digest that was recorded is that of the image. @param reference without a digest */
export function isKnownBy(
  image: Pick<Image, "id" | "digests">,
  reference: string,
  digest: string,
  { imageDigests }: Pick<Registry, "imageDigests">,
): boolean {
  return (
    image.digests.includes(digest) || imageDigests.of(image.id, repositoryOf(reference)).includes(digest)
  );
}

/** `registry/repository` of a reference. */
export function repositoryOf(reference: string): string {
  const { registry = "", repository = reference } = parseImageReference(reference) ?? {};
  return registry === "" ? repository : `${registry}/${repository}`;
}
