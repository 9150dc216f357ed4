import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import type { Output } from "../output/output.ts";
import {
  type BuildOptions,
  type BuildResult,
  type BuildTools,
  readyBuild,
  type ReadyBuild,
} from "./build-image.ts";
import { existenceOf } from "./existence.ts";
import { type ImageStep, imageSteps, isBuild, planImages } from "./plan-images.ts";
import { runBuilds } from "./run-builds.ts";
import type { WantedImage } from "./wanted-images.ts";

/** What became of the images of one service. */
export interface BuildReport {
  readonly dryRun: boolean;
  readonly steps: readonly ImageStep[];
  readonly results: readonly BuildResult[];
  readonly failures: readonly { readonly image: string; readonly error: DetailedError }[];
}

/** Builds and pushes images that were asked for by name. Where it cannot be told whether one is there, it fails.
 * @throws DetailedError of category unauthenticated, CANCELLED */
export async function makeImages(
  tools: BuildTools,
  request: { wanted: readonly WantedImage[]; push: boolean; dryRun: boolean },
  options: BuildOptions,
  output: Output,
): Promise<BuildReport> {
  const { wanted, push, dryRun } = request;
  const settings = { force: options.force || !push, push, everyLocal: true };
  const existence = await existenceOf(wanted, tools, settings);
  const { plans } = planImages(wanted, existence, settings);
  const failures: { image: string; error: DetailedError }[] = [];
  const ready: ReadyBuild[] = [];
  const results: BuildResult[] = [];
  for (const plan of plans) {
    const { image } = plan.wanted;
    const found = existence.get(image);
    if (plan.action === "unknown" && found?.kind === "unknown") failures.push({ image, error: found.error });
    if (plan.action === "keep") results.push(unchanged(image, plan.digest));
    if (!isBuild(plan)) continue;
    try {
      ready.push(await readyBuild(tools, plan, options));
    } catch (thrown) {
      if (!(thrown instanceof DetailedError)) throw thrown;
      failures.push({ image, error: thrown });
    }
  }
  const steps = imageSteps(ready.map(({ plan }) => plan));
  if (dryRun) return { dryRun, steps, results, failures };
  const outcome = await runBuilds(tools, ready, options, output);
  const failed = outcome.failures.map(({ build, error }) => ({ image: build.plan.wanted.image, error }));
  return { dryRun, steps, results: [...results, ...outcome.results], failures: [...failures, ...failed] };
}

function unchanged(image: string, digest: string): BuildResult {
  return { image, result: "unchanged", digest, platform: "", revision: "", steps: 0, cachedSteps: 0 };
}
