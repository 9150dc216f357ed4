import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { parseImageReference, versionOf } from "@metacircular/mcp-core/image.ts";
import { containerHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { hostPortsOf } from "../observed-containers.ts";
import { lookUpTag } from "../../images/tags.ts";
import type { ContainerDetails, Image } from "../../runtime/runtime.ts";
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
  const imageDigest = await digestOf(spec.image, { image, container }, context);
  const declared = "spec" in intent ? intent.spec.components : registry.components.ofService(service);
  const names = declared.map((entry) => ("spec" in entry ? entry.spec.name : entry.name));
  registry.transaction(() => {
    if (registry.services.isActive(service) === undefined) {
      registry.services.record(service, desired === "running");
    }
    registry.components.record({
      service,
      spec,
      desired,
      deployedSpecHash: containerHash(spec),
      hostPorts: container === undefined ? (recorded?.hostPorts ?? {}) : hostPortsOf(container),
      version: versionOf(spec.image),
      imageDigest: imageDigest ?? recorded?.imageDigest ?? "",
      position: Math.max(0, names.indexOf(component)),
    });
    // One that could not be removed stays ours, so that the next operation finds it.
    const isLeft = container?.id === adopted || replaced?.id === adopted;
    if (adopted !== "" && !isLeft) registry.components.endAdoption(service, component);
  });
}

/** For the registry to say which digest it has. */
const lookUpLimitMs = 3_000;

/** The digest of what runs: the registry's where the tag names it there. An image that was built on the node, or pushed
 * from it, is known by another digest here. Where the registry cannot be asked, what is known here has to do. */
async function digestOf(
  reference: string,
  { image, container }: { image: Image | undefined; container: ContainerDetails | undefined },
  { imageRegistry, registry, logger, signal }: StepContext,
): Promise<string | undefined> {
  const isOfTag = container === undefined || image?.id === container.imageId;
  const here = isOfTag ? (image?.digest ?? container?.imageDigest) : container.imageDigest;
  const parsed = parseImageReference(reference);
  const canAsk = imageRegistry !== undefined && parsed?.registry === imageRegistry.address;
  if (!canAsk || image === undefined || !isOfTag || parsed.digest !== "") return here;
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(lookUpLimitMs)]);
    const source = { registry: imageRegistry, known: registry.imageDigests };
    const tag = await lookUpTag(source, parsed, image, limited);
    return tag?.isSame === true ? tag.digest : here;
  } catch (error) {
    signal.throwIfAborted();
    logger.warn(
      { image: reference, error: messageOf(error) },
      "cannot ask the registry for the image's digest",
    );
    return here;
  }
}
