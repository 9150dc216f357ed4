import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { parseImageReference } from "@metacircular/mcp-core/image.ts";
import type { ComponentSpec, ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import type { Registry } from "../registry/registry.ts";
import type { Revision } from "../registry/revisions.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { deployedHash } from "./deployed.ts";
import { imageKnownBy, isKnownBy } from "./kept-images.ts";

/** How far back the newest differing revision is looked for. */
const searchLimit = 1_000;

/** The specification of an earlier revision; 0: the newest one that differs from what is deployed. Where a tag
 * has moved since, the image is named by the digest that ran then. Who repairs the service stays as it is.
 * @throws DetailedError REVISION_NOT_FOUND; IMAGE_NOT_FOUND where an image is nowhere any more */
export async function rollbackSpec(
  { service, revision }: { service: string; revision: number },
  { registry, runtime, node }: { registry: Registry; runtime: Runtime; node: string },
  signal: AbortSignal,
): Promise<ServiceSpec> {
  const chosen =
    revision === 0 ? newestDiffering(service, registry) : registry.revisions.get(service, revision);
  if (chosen === undefined) throw notFound(service, revision, registry);
  const components = await Promise.all(
    chosen.spec.components.map((component) => pinned(component, chosen, { registry, runtime }, signal)),
  );
  const gone = await Promise.all(components.map(({ image }) => isGone(image, { registry, runtime }, signal)));
  const lost = components.filter((_, index) => gone[index]);
  if (lost.length > 0) throw imagesGone(chosen, lost);
  const { reconcile } = registry.service(service) ?? chosen.spec;
  return { ...chosen.spec, node, active: true, reconcile, components };
}

function newestDiffering(service: string, registry: Registry): Revision | undefined {
  const revisions = registry.revisions.list(service, searchLimit);
  if (registry.service(service) === undefined) return revisions[0];
  const current = deployedHash(service, registry);
  const digests = new Map(
    registry.components
      .ofService(service)
      .filter((component) => component.desired !== "ignore")
      .map((component) => [component.spec.name, component.imageDigest]),
  );
  return revisions.find(
    (candidate) =>
      candidate.specHash !== current ||
      Object.entries(candidate.digests).some(([name, digest]) => digests.get(name) !== digest),
  );
}

async function pinned(
  component: ComponentSpec,
  revision: Revision,
  { registry, runtime }: { registry: Registry; runtime: Runtime },
  signal: AbortSignal,
): Promise<ComponentSpec> {
  const digest = revision.digests[component.name] ?? "";
  if (digest === "" || component.image.includes("@")) return component;
  const image = await runtime.image(component.image, signal);
  if (image !== undefined && isKnownBy(image, component.image, digest, registry)) return component;
  return { ...component, image: `${component.image}@${digest}` };
}

/** Images of localhost are nowhere but here: what another registry has is known when it is asked. */
async function isGone(
  image: string,
  sources: { registry: Registry; runtime: Runtime },
  signal: AbortSignal,
): Promise<boolean> {
  const { registry = "", digest = "" } = parseImageReference(image) ?? {};
  if (registry !== "localhost" || (await sources.runtime.image(image, signal)) !== undefined) return false;
  return digest === "" || (await imageKnownBy(image, digest, sources, signal)) === undefined;
}

function imagesGone({ spec, number }: Revision, lost: readonly ComponentSpec[]): DetailedError {
  const which = lost.map(({ name, image }) => `${name}: ${image}`).join(", ");
  return new DetailedError({
    code: "IMAGE_NOT_FOUND",
    category: "not-found",
    attempted: `roll back to revision ${number} of`,
    subject: spec.name,
    found: `the node does not have what it ran then any more (${which}), and no registry has images of localhost`,
    remedy: `choose another revision (mcp history ${spec.name}), or build that version again, under a new tag, and deploy it`,
  });
}

function notFound(service: string, revision: number, registry: Registry): DetailedError {
  const known = registry.revisions.list(service, searchLimit).map((entry) => entry.number);
  const which = revision === 0 ? "" : `there is no revision ${revision}; `;
  return new DetailedError({
    code: "REVISION_NOT_FOUND",
    category: "not-found",
    attempted: "roll back",
    subject: service,
    found:
      known.length === 0
        ? "it was never deployed successfully on this node"
        : `${which}${revision === 0 ? "no revision differs from what is deployed; " : ""}stored are ${known.at(-1)} to ${known[0]}`,
    remedy: `mcp history ${service} shows what there is to go back to`,
  });
}
