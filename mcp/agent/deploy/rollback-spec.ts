import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { ComponentSpec, ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import type { Registry } from "../registry/registry.ts";
import type { Revision } from "../registry/revisions.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { deployedHash } from "./deployed.ts";
import { isKnownBy } from "./kept-images.ts";

/** How far back the newest differing revision is looked for. */
const searchLimit = 1_000;

/** The specification of an earlier revision; 0: the newest one that differs from what is deployed. Where a tag
 * has moved since, the image is named by the digest that ran then. Who repairs the service stays as it is. */
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
