import type { Definition } from "@metacircular/mcp-core/definition.ts";
import { imageName, parseImageReference } from "@metacircular/mcp-core/image.ts";

import type { Architecture } from "../config/node-rules.ts";

/** An image of a service that can be built from source. */
export interface WantedImage {
  /** Full reference with its tag. */
  readonly image: string;
  /** Its key in `[build.images]`. */
  readonly name: string;
  readonly service: string;
  readonly node: string;
  /** Source directory, relative to the workspace. */
  readonly path: string;
  /** Relative to the source directory. */
  readonly dockerfile: string;
  /** What it is built for. */
  readonly architecture: Architecture;
  /** Whether the node is the machine where `mcp` runs, so that both have the same local store. */
  readonly isForThisMachine: boolean;
}

/** The images of a service that its definition says how to build, in the order of its components, each once. What names
 * a digest is built already.
 * @param component only what it uses; empty: all */
export function wantedImages(
  definition: Definition,
  node: Pick<WantedImage, "architecture" | "isForThisMachine">,
  component = "",
): WantedImage[] {
  const { name: service, build, components } = definition;
  const dockerfiles = new Map(Object.entries(build?.images ?? {}));
  const used = components.filter(({ name }) => component === "" || name === component);
  return [...new Set(used.map(({ image }) => image))].flatMap((image) => {
    const name = imageName(image);
    const dockerfile = dockerfiles.get(name);
    if (dockerfile === undefined || parseImageReference(image)?.digest !== "") return [];
    const { architecture, isForThisMachine } = node;
    const source = { path: definition.path ?? service, dockerfile };
    return [{ image, name, service, node: definition.node, ...source, architecture, isForThisMachine }];
  });
}

/** Whether the image stays in the local store, since its name begins with no registry. */
export function isLocalImage(image: string): boolean {
  return registryOf(image) === "localhost";
}

/** `host[:port]`, `localhost` for what is in the local store only. */
export function registryOf(image: string): string {
  return parseImageReference(image)?.registry ?? "";
}
