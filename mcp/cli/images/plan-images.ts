import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import { isLocalImage, type WantedImage } from "./wanted-images.ts";

/** Whether the tag is in its registry, or in the local store where it has none. */
export type Existence =
  | { readonly kind: "present"; readonly digest: string }
  | { readonly kind: "missing" }
  /** It could not be told. */
  | { readonly kind: "unknown"; readonly error: DetailedError };

/** What is to be done about one image. */
export interface ImagePlan {
  readonly wanted: WantedImage;
  /** All services that use it. */
  readonly services: readonly string[];
  /** `keep`: it is there, or not ours to make. `unknown`: it could not be told whether it is there. */
  readonly action: "build-and-push" | "build" | "keep" | "unknown";
  /** Why nothing is done; empty where something is. */
  readonly reason: string;
  /** Digest in the registry, where it is there; empty: not known. */
  readonly digest: string;
}

/** A service whose images contradict those of another one. */
export interface ImageConflict {
  readonly service: string;
  readonly error: DetailedError;
}

export interface ImagePlanOptions {
  /** Builds also what is there. */
  readonly force: boolean;
  /** Whether what is built goes to its registry. */
  readonly push: boolean;
  /** Also what only a local store has, for nodes that are other machines: those who ask for it by name know why. */
  readonly everyLocal: boolean;
}

/** What is to be built and pushed: what is missing, and only that. An image that several services use is there once.
 * Those that would build it differently are conflicts, but the first.
 * @param existence by image; one that is not in it is missing */
export function planImages(
  wanted: readonly WantedImage[],
  existence: ReadonlyMap<string, Existence>,
  options: ImagePlanOptions,
): { plans: ImagePlan[]; conflicts: ImageConflict[] } {
  const conflicts: ImageConflict[] = [];
  const plans = [...Map.groupBy(wanted, ({ image }) => image)].flatMap(([image, uses]) => {
    const [first, ...rest] = uses;
    if (first === undefined) return [];
    const others = rest.filter((other) => !isSameBuild(first, other));
    const services = uses.filter((use) => !others.includes(use)).map(({ service }) => service);
    const found = existence.get(image) ?? { kind: "missing" };
    const plan = { wanted: first, services: [...new Set(services)], ...decide(first, found, options) };
    if (isBuild(plan)) {
      conflicts.push(...others.map((other) => ({ service: other.service, error: conflict(first, other) })));
    }
    return [plan];
  });
  return { plans, conflicts };
}

function decide(
  wanted: WantedImage,
  existence: Existence,
  options: ImagePlanOptions,
): Pick<ImagePlan, "action" | "reason" | "digest"> {
  const isLocal = isLocalImage(wanted.image);
  if (isLocal && !wanted.isForThisMachine && !options.everyLocal) {
    const reason = `it lives on node ${wanted.node}, which is another machine`;
    return { action: "keep", reason, digest: "" };
  }
  const build = isLocal || !options.push ? "build" : "build-and-push";
  if (options.force) return { action: build, reason: "", digest: "" };
  switch (existence.kind) {
    case "missing":
      return { action: build, reason: "", digest: "" };
    case "present":
      return { action: "keep", reason: "it is there", digest: existence.digest };
    case "unknown":
      return { action: "unknown", reason: reasonOf(existence.error), digest: "" };
  }
}

function reasonOf({ found, remedy }: DetailedError): string {
  return remedy === "" ? found : `${found}; ${remedy}`;
}

function isSameBuild(a: WantedImage, b: WantedImage): boolean {
  return a.path === b.path && a.dockerfile === b.dockerfile && a.architecture === b.architecture;
}

function conflict(first: WantedImage, other: WantedImage): DetailedError {
  const told = ({ service, path, dockerfile, architecture }: WantedImage) =>
    `${service} from ${path}/${dockerfile} for ${architecture}`;
  return new DetailedError({
    code: "BUILD_CONFLICT",
    category: "invalid-argument",
    attempted: "build image",
    subject: other.image,
    found: `two services build it differently: ${told(first)}, ${told(other)}`,
    remedy: "give one of them another name or tag",
  });
}

/** A step on this machine, in the form of those of a node. */
export interface ImageStep {
  readonly kind: "build-image" | "push-image";
  readonly component: "";
  readonly description: string;
}

/** The steps of the plans, in order. */
export function imageSteps(plans: readonly ImagePlan[]): ImageStep[] {
  return plans.flatMap(({ wanted, action }): ImageStep[] => {
    const { image, path, dockerfile, architecture } = wanted;
    if (action !== "build" && action !== "build-and-push") return [];
    const from = `build image ${image} from ${path}/${dockerfile} for linux/${architecture}`;
    const build: ImageStep = { kind: "build-image", component: "", description: from };
    if (action === "build") return [build];
    return [build, { kind: "push-image", component: "", description: `push image ${image}` }];
  });
}

/** Whether something is to be built. */
export function isBuild({ action }: Pick<ImagePlan, "action">): boolean {
  return action === "build" || action === "build-and-push";
}
