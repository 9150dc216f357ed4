import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { parseImageReference } from "@metacircular/mcp-core/image.ts";
import type { PlanInput } from "@metacircular/mcp-core/plan.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import type { ImageRegistry } from "../images/image-registry.ts";
import { lookUpTag } from "../images/tags.ts";
import type { Registry } from "../registry/registry.ts";
import type { Image, Runtime } from "../runtime/runtime.ts";

type Images = Pick<PlanInput, "imageIds"> & { readonly outdatedImages: ReadonlySet<string> };

/** Which images a deploy is about. Starting again what is there must not replace it, so only a deploy asks what a tag
 * now stands for: on the node, or with `pull` in its registry.
 * @throws DetailedError IMAGE_NOT_FOUND, and those of the registry, which is asked with `pull` only */
export async function deployImages(
  { intent, resumed }: Pick<PlanInput, "intent" | "resumed">,
  specs: readonly ComponentSpec[],
  options: { runtime: Runtime; registry: Registry; imageRegistry?: ImageRegistry | undefined },
  signal: AbortSignal,
): Promise<Images> {
  if (!("spec" in intent)) return { imageIds: new Map(), outdatedImages: new Set() };
  const inScope = specs.filter(({ name }) => intent.component === "" || name === intent.component);
  const asked = new Set(intent.pull === true ? inScope.map(({ image }) => image) : []);
  const awaited = new Set(intent.kind === "deploy" ? intent.awaitedImages : []);
  const outdatedImages = new Set<string>();
  const references = [...new Set(specs.map(({ image }) => image))];
  const found = await Promise.all(
    references.map(async (reference): Promise<[string, string][]> => {
      if (awaited.has(reference)) {
        if (asked.has(reference)) outdatedImages.add(reference);
        return [[reference, awaitedImage]];
      }
      const image = await options.runtime.image(reference, signal);
      if (image === undefined) return [];
      if (!asked.has(reference)) return [[reference, image.id]];
      const newer = await newerThan(image, reference, options, signal).catch((error: unknown) => {
        // What was begun goes on with what is here.
        if (!resumed) throw error;
        return undefined;
      });
      if (newer === undefined) return [[reference, image.id]];
      outdatedImages.add(reference);
      // Of a registry that cannot be asked it is not known: that alone replaces nothing.
      return [[reference, newer.digest === "" ? image.id : `at ${newer.digest}`]];
    }),
  );
  return { imageIds: new Map(found.flat()), outdatedImages };
}

/** In place of the id that an image will have. */
const awaitedImage = "to be built";

/** What the tag names where that is not the image; an empty digest: nobody can tell. */
async function newerThan(
  image: Image,
  reference: string,
  { registry, imageRegistry }: { registry: Registry; imageRegistry?: ImageRegistry | undefined },
  signal: AbortSignal,
): Promise<{ readonly digest: string } | undefined> {
  const parsed = parseImageReference(reference);
  if (parsed === undefined || parsed.registry === "localhost" || parsed.digest !== "") return undefined;
  if (parsed.registry !== imageRegistry?.address) return { digest: "" };
  const source = { registry: imageRegistry, known: registry.imageDigests };
  const tag = await lookUpTag(source, parsed, image, signal);
  if (tag === undefined) throw tagGone(reference);
  return tag.isSame ? undefined : tag;
}

function tagGone(reference: string): DetailedError {
  return new DetailedError({
    code: "IMAGE_NOT_FOUND",
    category: "not-found",
    attempted: "find image",
    subject: reference,
    found: "the registry does not have it any more",
    remedy: "build and push it, or deploy without --pull what is on the node",
  });
}
