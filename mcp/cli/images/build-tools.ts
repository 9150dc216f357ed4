import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Definition } from "@metacircular/mcp-core/definition.ts";

import type { Context } from "../context.ts";
import type { Architecture } from "../config/node-rules.ts";
import type { BuildTools } from "./build-image.ts";
import { createPodmanImages } from "./podman-images.ts";
import { ownArchitecture } from "./platform.ts";
import { openRegistries } from "./registries.ts";
import { isThisMachine } from "./this-machine.ts";
import { type WantedImage, wantedImages } from "./wanted-images.ts";

/** What builds work with.
 * @throws DetailedError BUILD_NOT_CONFIGURED where the configuration names no workspace */
export function openBuildTools({ config, invocation, token }: Context): BuildTools & Disposable {
  const { environment, clock, signal } = invocation;
  if (config.workspace === undefined) {
    throw new DetailedError({
      code: "BUILD_NOT_CONFIGURED",
      category: "failed-precondition",
      attempted: "build images",
      found: `${config.file} names no workspace`,
      remedy: "set workspace in [build], or MCP_BUILD_WORKSPACE, to the directory with the sources",
    });
  }
  const registries = openRegistries({ config, token, environment, clock });
  return {
    workspace: config.workspace,
    runtime: createPodmanImages({ environment, clock }),
    registries,
    environment,
    clock,
    signal,
    [Symbol.dispose]: () => registries[Symbol.dispose](),
  };
}

/** The images of a service that can be built, for its node as it is configured.
 * @param architecture in place of the node's */
export function wantedOf(
  { config }: Context,
  definition: Definition,
  options: { component?: string; architecture?: Architecture | undefined } = {},
): WantedImage[] {
  const node = config.nodes.find(({ name }) => name === definition.node);
  const architecture = options.architecture ?? node?.architecture ?? ownArchitecture();
  const isForThisMachine = node !== undefined && isThisMachine(node.address);
  return wantedImages(definition, { architecture, isForThisMachine }, options.component);
}
