import { readFile } from "node:fs/promises";

import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { versionOf } from "@metacircular/mcp-core/image.ts";

import { creationTimeS, imageLabels, revisionText, sourceDateEpoch } from "./image-labels.ts";
import type { ImageRuntime } from "./image-runtime.ts";
import type { ImagePlan } from "./plan-images.ts";
import { canRun, platformUnsupported, runsPrograms } from "./platform.ts";
import type { Registries } from "./registries.ts";
import { assertReleasable } from "./release-rules.ts";
import { findSource, type SourceFiles } from "./source-directory.ts";
import { readRevision, type SourceRevision } from "./source-revision.ts";

/** What builds work with. */
export interface BuildTools {
  readonly workspace: string;
  readonly runtime: ImageRuntime;
  readonly registries: Registries;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface BuildOptions {
  /** Builds a release also of a tree that is not as it was committed, or bears no tag. */
  readonly allowDirty: boolean;
  /** Builds and pushes also what is there. */
  readonly force: boolean;
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly buildArguments: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

/** As deploy and sync build. */
export const plainBuild: BuildOptions = {
  ...{ allowDirty: false, force: false, noCache: false, pull: false },
  ...{ buildArguments: {}, secrets: [] },
};

/** A build that nothing stands against. */
export interface ReadyBuild {
  readonly plan: ImagePlan;
  readonly files: SourceFiles;
  /** Undefined: git does not keep the source. */
  readonly revision: SourceRevision | undefined;
}

/** What became of one image. */
export interface BuildResult {
  readonly image: string;
  /** `unchanged`: it is in its registry already. */
  readonly result: "built" | "pushed" | "unchanged";
  /** Of its manifest in the registry; empty: it is in no registry. */
  readonly digest: string;
  /** Empty where it was not built. */
  readonly platform: string;
  /** Commit of its source, with `-dirty` where files differ; empty: not known. */
  readonly revision: string;
  /** Instructions of its Dockerfile, and how many of them were taken from the cache. */
  readonly steps: number;
  readonly cachedSteps: number;
}

/** Finds out whether anything stands against a build, before time is spent on it.
 * @throws DetailedError BUILD_SOURCE_MISSING, BUILD_SOURCE_OUTSIDE, BUILD_TREE_DIRTY, BUILD_TREE_UNTAGGED,
 * PLATFORM_UNSUPPORTED, GIT_FAILED */
export async function readyBuild(
  tools: BuildTools,
  plan: ImagePlan,
  options: Pick<BuildOptions, "allowDirty">,
): Promise<ReadyBuild> {
  const { wanted } = plan;
  const { image, service, architecture } = wanted;
  const files = await findSource(tools.workspace, wanted);
  const { directory } = files;
  const revision = await readRevision(directory, tools).catch((thrown: unknown) => {
    if (options.allowDirty && thrown instanceof DetailedError) return undefined;
    throw thrown;
  });
  if (!options.allowDirty) assertReleasable({ image, tag: versionOf(image), service, directory }, revision);
  if (!canRun(architecture) && runsPrograms(await readFile(files.dockerfile, "utf8"))) {
    throw platformUnsupported(image, architecture);
  }
  return { plan, files, revision };
}

/** Builds an image, and pushes it where that is planned.
 * @throws DetailedError as `ImageRuntime` and `Registries` */
export async function buildImage(
  tools: BuildTools,
  { plan, files, revision }: ReadyBuild,
  options: BuildOptions,
  onLine: (line: string) => void,
): Promise<BuildResult> {
  const { image, architecture } = plan.wanted;
  const { runtime, environment, clock, signal } = tools;
  const platform = `linux/${architecture}`;
  const sourceDateEpochS = sourceDateEpoch(environment["SOURCE_DATE_EPOCH"]);
  const createdS = creationTimeS({ sourceDateEpochS, revision, nowMs: clock.now() });
  const { id, steps, cachedSteps } = await runtime.build({
    image,
    ...files,
    platform,
    labels: imageLabels(versionOf(image), createdS, revision),
    timestampS: sourceDateEpochS,
    buildArguments: options.buildArguments,
    secrets: options.secrets,
    noCache: options.noCache,
    pull: options.pull,
    onLine,
    signal,
  });
  const built = {
    image,
    platform,
    revision: revision === undefined ? "" : revisionText(revision),
    steps,
    cachedSteps,
  };
  if (plan.action === "build") {
    await runtime.name(id, image, signal);
    return { ...built, result: "built", digest: "" };
  }
  const pushed = await push(tools, { id, image }, options, onLine);
  // What its registry did not take never has the name, which a node that shares this store would deploy by.
  if (pushed.result === "pushed") await runtime.name(id, image, signal);
  return { ...built, ...pushed };
}

/** Somebody else may have pushed it meanwhile: theirs stays. */
async function push(
  { runtime, registries, signal }: BuildTools,
  { id, image }: { readonly id: string; readonly image: string },
  { force }: BuildOptions,
  onLine: (line: string) => void,
): Promise<Pick<BuildResult, "result" | "digest">> {
  const there = force ? undefined : await registries.digestOf(image, signal);
  if (there !== undefined) return { result: "unchanged", digest: there };
  const login = await registries.loginFor(image);
  try {
    return { result: "pushed", digest: await runtime.push({ id, image, login, onLine, signal }) };
  } catch (thrown) {
    if (force || signal.aborted) throw registries.explained(image, thrown);
    const digest = await registries.digestOf(image, signal).catch(() => undefined);
    if (digest === undefined) throw registries.explained(image, thrown);
    return { result: "unchanged", digest };
  }
}
