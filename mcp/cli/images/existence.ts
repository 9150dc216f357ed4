import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import type { BuildTools } from "./build-image.ts";
import type { Existence, ImagePlanOptions } from "./plan-images.ts";
import { isLocalImage, registryOf, type WantedImage } from "./wanted-images.ts";

/** Questions to registries at once. */
const mostAtOnce = 8;

/** Looks where the images should be: in their registries, or in the local store. A registry that does not answer is
 * asked no more. What is not asked for is not in the answer.
 * @throws DetailedError of category unauthenticated, where there is no login or it counts no more */
export async function existenceOf(
  wanted: readonly WantedImage[],
  tools: Pick<BuildTools, "runtime" | "registries" | "signal">,
  options: Pick<ImagePlanOptions, "everyLocal" | "force">,
): Promise<Map<string, Existence>> {
  const found = new Map<string, Existence>();
  const silent = new Map<string, DetailedError>();
  const images = new Map(wanted.map((each) => [each.image, each]));
  const queue = options.force ? [].values() : images.values();
  const look = async (): Promise<void> => {
    for (const { image, isForThisMachine } of queue) {
      if (isLocalImage(image) && !isForThisMachine && !options.everyLocal) continue;
      const error = silent.get(registryOf(image));
      const existence: Existence =
        error === undefined ? await existenceOfOne(image, tools) : { kind: "unknown", error };
      if (existence.kind === "unknown" && existence.error.category === "unavailable") {
        silent.set(registryOf(image), existence.error);
      }
      found.set(image, existence);
    }
  };
  await Promise.all(Array.from({ length: mostAtOnce }, look));
  return found;
}

async function existenceOfOne(
  image: string,
  { runtime, registries, signal }: Pick<BuildTools, "runtime" | "registries" | "signal">,
): Promise<Existence> {
  try {
    if (isLocalImage(image)) {
      return (await runtime.imageExists(image, signal))
        ? { kind: "present", digest: "" }
        : { kind: "missing" };
    }
    const digest = await registries.digestOf(image, signal);
    return digest === undefined ? { kind: "missing" } : { kind: "present", digest };
  } catch (thrown) {
    if (!(thrown instanceof DetailedError) || signal.aborted) throw thrown;
    // Then the nodes will not take the login either.
    if (thrown.category === "unauthenticated" && registries.isOurs(image)) throw thrown;
    return { kind: "unknown", error: thrown };
  }
}
