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

/** By component, the image on the node that its container is made from where its name does not lead there: of what a
 * start or a repair may have to make anew, since a tag that moved on the node must not become a deploy that nobody asked
 * for; and of what a deploy or a rollback names by a digest, since podman knows an image that lost its name by its id
 * only. */
export async function keptImages(
  about: Pick<PlanInput, "intent" | "revisions"> & { readonly containers: readonly Container[] },
  sources: Sources,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const { intent, revisions, containers } = about;
  if (intent.kind === "deploy" || intent.kind === "rollback") return pinnedImages(intent, sources, signal);
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

async function pinnedImages(
  { spec, component }: Extract<PlanInput["intent"], { kind: "deploy" | "rollback" }>,
  sources: Sources,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const inScope = spec.components.filter(({ name }) => component === "" || name === component);
  const found = await Promise.all(
    inScope.map(async ({ name, image }): Promise<[string, string][]> => {
      if (!image.includes("@") || (await sources.runtime.image(image, signal)) !== undefined) return [];
      const id = await imageKnownBy(image, parseImageReference(image)?.digest ?? "", sources, signal);
      return id === undefined ? [] : [[name, id]];
    }),
  );
  return new Map(found.flat());
}

/** Undefined: the reference will do. */
async function keptImage(
  reference: string,
  { imageDigest }: ComponentRecord,
  sources: Sources,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { runtime, registry, imageRegistry } = sources;
  const parsed = parseImageReference(reference);
  if (parsed === undefined) return undefined;
  const named = await runtime.image(reference, signal);
  if (parsed.digest !== "") {
    return named === undefined ? imageKnownBy(reference, parsed.digest, sources, signal) : undefined;
  }
  if (imageDigest === "") return undefined;
  if (named !== undefined && isKnownBy(named, reference, imageDigest, registry)) return undefined;
  const id = await imageKnownBy(reference, imageDigest, sources, signal);
  if (id !== undefined) return id;
  // Of an image without a registry nothing is left but what the name means now. Of those of others it is not sure that
  // the digest is their registry's.
  return parsed.registry === imageRegistry?.address ? `${reference}@${imageDigest}` : undefined;
}

/** Id of an image on the node that was deployed by this digest, also where no name leads to it any more. */
export async function imageKnownBy(
  reference: string,
  digest: string,
  { runtime, registry }: Pick<Sources, "runtime"> & { readonly registry: Pick<Registry, "imageDigests"> },
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const id of registry.imageDigests.imagesOf(repositoryOf(reference), digest))
    if ((await runtime.image(id, signal))?.id === id) return id;
  return undefined;
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
