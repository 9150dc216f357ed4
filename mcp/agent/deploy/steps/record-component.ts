import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { parseImageReference, versionOf } from "@metacircular/mcp-core/image.ts";
import { containerHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { enterComponent } from "../enter-component.ts";
import { lookUpTag } from "../../images/tags.ts";
import type { ContainerDetails, Image } from "../../runtime/runtime.ts";
import { isKnownBy, repositoryOf } from "../kept-images.ts";
import type { StepContext } from "../step-context.ts";

/** Writes what the component now is into the registry: declaration, desired state, ports and digest. */
export async function recordComponent(
  { component, spec, desired }: StepOf<"record-component">,
  context: StepContext,
): Promise<void> {
  const { registry, runtime, service, intent, signal } = context;
  const recorded = registry.components.get(service, component);
  const adopted = recorded?.adoptedContainer ?? "";
  const [container, image, replaced] = await Promise.all([
    runtime.inspect(slotName(service, component, "current"), signal),
    runtime.image(spec.image, signal),
    adopted === "" ? undefined : runtime.inspect(slotName(service, component, "previous"), signal),
  ]);
  const before = recorded?.imageDigest ?? "";
  const imageDigest = await digestOf(spec.image, { image, container, before }, context);
  const made = container?.imageId ?? image?.id;
  const declared = "spec" in intent ? intent.spec.components : registry.components.ofService(service);
  const names = declared.map((entry) => ("spec" in entry ? entry.spec.name : entry.name));
  registry.transaction(() => {
    if (made !== undefined && imageDigest !== undefined)
      registry.imageDigests.record(made, repositoryOf(spec.image), imageDigest);
    enterComponent(registry, container, {
      service,
      spec,
      desired,
      deployedSpecHash: containerHash(spec),
      version: versionOf(spec.image),
      imageDigest: imageDigest ?? before,
      position: Math.max(0, names.indexOf(component)),
    });
    // One that could not be removed stays ours, so that the next operation finds it.
    const isLeft = container?.id === adopted || replaced?.id === adopted;
    if (adopted !== "" && !isLeft) registry.components.endAdoption(service, component);
  });
}

/** For the registry to say which digest it has. */
const lookUpLimitMs = 3_000;

interface Runs {
  readonly image: Image | undefined;
  readonly container: ContainerDetails | undefined;
  /** Digest that was recorded last. */
  readonly before: string;
}

/** The digest of what runs: the registry's where the tag names it there. An image that was built on the node, or pushed
 * from it, is known by another digest here. Where the registry cannot be asked, what is known here has to do. */
async function digestOf(
  reference: string,
  { image, container, before }: Runs,
  context: StepContext,
): Promise<string | undefined> {
  if (container !== undefined && image?.id !== container.imageId) {
    for (const digest of [parseImageReference(reference)?.digest ?? "", before])
      if (await isKnownAs(digest, reference, container, context)) return digest;
    return container.imageDigest;
  }
  if (image === undefined) return container?.imageDigest;
  return (await digestInRegistry(reference, image, context)) ?? image.digest;
}

async function isKnownAs(
  digest: string,
  reference: string,
  { imageId }: ContainerDetails,
  { runtime, registry, signal }: StepContext,
): Promise<boolean> {
  const running = await runtime.image(imageId, signal, repositoryOf(reference));
  return running !== undefined && isKnownBy(running, reference, digest, registry);
}

async function digestInRegistry(
  reference: string,
  image: Image,
  { imageRegistry, registry, logger, signal }: StepContext,
): Promise<string | undefined> {
  const parsed = parseImageReference(reference);
  if (imageRegistry === undefined || parsed?.registry !== imageRegistry.address || parsed.digest !== "")
    return undefined;
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(lookUpLimitMs)]);
    const source = { registry: imageRegistry, known: registry.imageDigests };
    const tag = await lookUpTag(source, parsed, image, limited);
    return tag?.isSame === true ? tag.digest : undefined;
  } catch (error) {
    signal.throwIfAborted();
    logger.warn(
      { image: reference, error: messageOf(error) },
      "cannot ask the registry for the image's digest",
    );
    return undefined;
  }
}
