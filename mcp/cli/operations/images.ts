import type { Context } from "../context.ts";
import type { LoadedDefinition } from "../definitions/find.ts";
import type { ResolvedDeploy } from "../definitions/resolve.ts";
import { formatError } from "../output/error.ts";
import type { PlannedImages } from "./plan.ts";
import type { Preparation } from "../images/prepare-images.ts";

/** Options of commands that build what is missing. */
export interface ImageOptions {
  /** False: nothing is built. */
  readonly build: boolean;
  readonly allowDirty?: true | undefined;
}

/** Finds out which images of a deploy are missing and can be built here; undefined: none can.
 * @throws DetailedError why one that is missing cannot be built */
export async function missingImages(
  context: Context,
  { definition, component }: ResolvedDeploy,
  options: ImageOptions,
): Promise<Preparation | undefined> {
  if (!options.build || definition?.build === undefined) return undefined;
  // Loaded only for services that are built: others need not wait for it.
  const { prepareImages } = await import("../images/prepare-images.ts");
  const services = [{ definition, component }];
  const preparation = await prepareImages(context, services, { allowDirty: options.allowDirty === true });
  throwAll(context, preparation.failures);
  return preparation;
}

/** Builds and pushes what is missing, before the node is told.
 * @returns references of what was made
 * @throws DetailedError why one could not be built or pushed */
export async function makeMissing(
  context: Context,
  preparation: Preparation | undefined,
): Promise<readonly string[]> {
  if (preparation === undefined) return [];
  context.output.complain(...preparation.notes);
  const { results, failures } = await preparation.build();
  throwAll(context, failures);
  return results.map(({ image }) => image);
}

/** What became of the images of several services. */
interface MadeImages extends PlannedImages {
  /** Services whose images cannot be made. */
  readonly failures: Preparation["failures"];
}

/** Finds out which images of services are missing and can be built here, and builds and pushes them; with `dryRun` only
 * the former. One that cannot be made does not keep the others from it. */
export async function makeMissingOf(
  context: Context,
  services: readonly Pick<LoadedDefinition, "definition">[],
  options: ImageOptions & { readonly dryRun: boolean },
): Promise<MadeImages> {
  const built = services.filter(({ definition }) => definition.active && definition.build !== undefined);
  if (!options.build || built.length === 0) return { steps: [], notes: [], failures: [] };
  const { prepareImages } = await import("../images/prepare-images.ts");
  const wanted = built.map(({ definition }) => ({ definition, component: "" }));
  using preparation = await prepareImages(context, wanted, { allowDirty: options.allowDirty === true });
  const { steps, notes } = preparation;
  context.output.complain(...notes);
  const { failures } = options.dryRun ? { failures: [] } : await preparation.build();
  return { steps, notes, failures: [...preparation.failures, ...failures] };
}

/** Throws the first failure, after saying what the others are. */
function throwAll({ output }: Context, failures: Preparation["failures"]): void {
  const [first, ...others] = failures;
  if (first === undefined) return;
  for (const { error } of others) output.complain(...formatError(error));
  throw first.error;
}
