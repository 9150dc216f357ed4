import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Definition } from "@metacircular/mcp-core/definition.ts";

import type { Context } from "../context.ts";
import { type BuildResult, plainBuild, readyBuild, type ReadyBuild } from "./build-image.ts";
import { openBuildTools, wantedOf } from "./build-tools.ts";
import { existenceOf } from "./existence.ts";
import { type ImagePlan, type ImageStep, imageSteps, isBuild, planImages } from "./plan-images.ts";
import { runBuilds } from "./run-builds.ts";
import { isLocalImage, type WantedImage } from "./wanted-images.ts";

/** A service whose images have to be there before its node is told. */
export interface ServiceImages {
  readonly definition: Definition;
  /** Only what this component uses; empty: all. */
  readonly component: string;
}

/** What is missing, before anything is done about it. */
export interface Preparation extends Disposable {
  /** Images to build and to push. */
  readonly steps: readonly ImageStep[];
  /** What they are of. */
  readonly made: readonly Pick<WantedImage, "image" | "isForThisMachine">[];
  /** What an operator should know: images of which it could not be told whether they are there. */
  readonly notes: readonly string[];
  /** Services whose images cannot be made, and why. */
  readonly failures: readonly ServiceFailure[];
  /** Builds and pushes, but for what cannot be made.
   * @returns what was made, and the services whose images could not be
   * @throws DetailedError CANCELLED */
  build(): Promise<{ results: readonly BuildResult[]; failures: readonly ServiceFailure[] }>;
}

export interface ServiceFailure {
  readonly service: string;
  readonly error: DetailedError;
}

/** Finds out which images of services are missing and can be built here. Nothing is, where no workspace is configured.
 * A registry that does not answer stands in nobody's way: the node may have the image, and says so if not.
 * @throws DetailedError of category unauthenticated */
export async function prepareImages(
  context: Context,
  services: readonly ServiceImages[],
  options: { allowDirty: boolean },
): Promise<Preparation> {
  const wanted = services.flatMap(({ definition, component }) =>
    wantedOf(context, definition, { component }),
  );
  if (wanted.length === 0 || context.config.workspace === undefined) return nothing;
  using stack = new DisposableStack();
  const tools = stack.use(openBuildTools(context));
  const settings = { force: false, push: true, everyLocal: false };
  const existence = await existenceOf(wanted, tools, settings);
  const { plans, conflicts } = planImages(wanted, existence, settings);
  const failures: ServiceFailure[] = [...conflicts];
  const ready: ReadyBuild[] = [];
  for (const plan of plans.filter(isBuild)) {
    try {
      ready.push(await readyBuild(tools, plan, options));
    } catch (thrown) {
      if (!(thrown instanceof DetailedError)) throw thrown;
      failures.push(...plan.services.map((service) => ({ service, error: thrown })));
    }
  }
  const owned = stack.move();
  return {
    steps: imageSteps(ready.map(({ plan }) => plan)),
    made: ready.map(({ plan }) => plan.wanted),
    notes: plans.flatMap(notesOn),
    failures,
    async build() {
      const outcome = await runBuilds(tools, ready, { ...plainBuild, ...options }, context.output);
      const failed = outcome.failures.flatMap(({ build, error }) =>
        build.plan.services.map((service) => ({ service, error })),
      );
      return { results: outcome.results, failures: failed };
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

const nothing: Preparation = {
  steps: [],
  made: [],
  notes: [],
  failures: [],
  build: () => Promise.resolve({ results: [], failures: [] }),
  [Symbol.dispose]: () => undefined,
};

function notesOn({ wanted, action, reason }: ImagePlan): string[] {
  const { image } = wanted;
  if (action === "unknown") {
    return [`image ${image} is not built, since it is not known whether it is missing: ${reason}`];
  }
  if (action === "keep" && isLocalImage(image) && !wanted.isForThisMachine) {
    return [`image ${image} is not built here: ${reason}`];
  }
  return [];
}
