import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import type { Output } from "../output/output.ts";
import { plain } from "../output/table.ts";
import {
  type BuildOptions,
  type BuildResult,
  type BuildTools,
  buildImage,
  type ReadyBuild,
} from "./build-image.ts";

/** An image that could not be built or pushed. */
export interface BuildFailure {
  readonly build: ReadyBuild;
  readonly error: DetailedError;
}

/** Builds at once: more would only take the machine from each other. */
const mostAtOnce = 2;

/** Builds and pushes images, two at once, and shows their output as it comes. One that fails does not keep the others
 * from being built. What was interrupted rejects, after everything has ended.
 * @throws DetailedError CANCELLED */
export async function runBuilds(
  tools: BuildTools,
  builds: readonly ReadyBuild[],
  options: BuildOptions,
  output: Output,
): Promise<{ results: BuildResult[]; failures: BuildFailure[] }> {
  const results: BuildResult[] = [];
  const failures: BuildFailure[] = [];
  const queue = builds.values();
  const work = async (): Promise<void> => {
    for (const build of queue) {
      if (tools.signal.aborted) return;
      const { image } = build.plan.wanted;
      const prefix = builds.length === 1 ? "" : `${image.slice(image.lastIndexOf("/") + 1)} | `;
      output.say(`building ${image}`, ...notesOn(build));
      const onLine = (line: string): void =>
        output.say(output.styleMessage("dim", `  ${prefix}${plain(line)}`));
      try {
        const result = await buildImage(tools, build, options, onLine);
        results.push(result);
        output.say(sentenceOf(result));
      } catch (thrown) {
        if (!(thrown instanceof DetailedError)) throw thrown;
        failures.push({ build, error: thrown });
      }
    }
  };
  await Promise.all(Array.from({ length: mostAtOnce }, work));
  if (tools.signal.aborted) {
    const made = results.map(({ image }) => image).join(", ");
    output.complain(
      made === "" ? "interrupted: no image was made" : `interrupted: only ${plain(made)} was made`,
    );
    throw failures[0]?.error ?? new DetailedError({ ...interrupted, cause: tools.signal.reason });
  }
  return { results, failures };
}

const interrupted = {
  code: "CANCELLED",
  category: "cancelled",
  attempted: "build images",
  found: "it was interrupted",
} as const;

/** What an operator should know before it is built. */
function notesOn({ files, revision, plan }: ReadyBuild): string[] {
  const { image } = plan.wanted;
  const notes: string[] = [];
  if (revision === undefined) {
    notes.push(`  git does not keep ${files.directory}: the image will not say what it was made from`);
  } else if (revision.changed.length > 0) {
    const count = revision.changed.length;
    notes.push(
      count === 1 ? "  1 file is not as it was committed" : `  ${count} files are not as they were committed`,
    );
  }
  if (plan.action === "build" && image.startsWith("localhost/")) {
    notes.push("  an image of localhost is not pushed: only this machine will have it");
  }
  return notes;
}

function sentenceOf({ image, result, digest, steps, cachedSteps }: BuildResult): string {
  const cached = cachedSteps === 0 ? "" : ` (${cachedSteps} of ${steps} steps from the cache)`;
  switch (result) {
    case "built":
      return `built ${image}${cached}`;
    case "pushed":
      return `built and pushed ${image}${cached}: ${digest}`;
    case "unchanged":
      return `built ${image}${cached}, but somebody else has pushed it meanwhile: ${digest} stays`;
  }
}
