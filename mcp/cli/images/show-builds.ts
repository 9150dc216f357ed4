import type { Context } from "../context.ts";
import { errorView, formatError } from "../output/error.ts";
import { exitCodeOfFailures } from "../output/exit-code.ts";
import { plain } from "../output/table.ts";
import { blameGivenToken } from "../session/given-token.ts";
import type { BuildResult } from "./build-image.ts";
import type { BuildReport } from "./make-images.ts";
import { isLocalImage } from "./wanted-images.ts";

/** Keys of a finished image in JSON. */
const resultJson = {
  image: "image reference",
  result: "pushed, built (not pushed), or unchanged (it was there)",
  digest: "digest in the registry, or empty",
  platform: "such as linux/amd64; empty: it was not built",
  revision: "commit of its source, with -dirty where files differ; or empty",
  steps: "instructions that were run: those of its Dockerfile, and one for each label that mcp adds",
  cached_steps: "instructions that were taken from the cache",
} as const;

/** Keys of the answer of `mcp build` in JSON. */
export const buildReportJson = {
  service: "name of the service",
  dry_run: "whether nothing was done",
  steps: "what is done, or would be: kind (build-image, push-image), component, description",
  images: `per image: ${Object.keys(resultJson).join(", ")}`,
  failures:
    "per image that could not be made: image, error (code, attempted, subject, found, remedy, facts, output)",
} as const;

function resultView(result: BuildResult): Record<keyof typeof resultJson, unknown> {
  const { cachedSteps, ...rest } = result;
  return { ...rest, cached_steps: cachedSteps };
}

/** What an operator should know of images that are there already. */
function unchangedNotes(results: readonly BuildResult[]): string[] {
  const unchanged = results.filter(({ result, steps }) => result === "unchanged" && steps === 0);
  const isLocal = unchanged.some(({ image }) => isLocalImage(image));
  const isPushed = unchanged.some(({ image }) => !isLocalImage(image));
  const seen = "and the source is not compared with it; to publish a change, give it a new tag";
  return [
    ...(isPushed ? [`unchanged: its tag is in the registry, ${seen}`] : []),
    ...(isLocal ? [`unchanged: podman here has its tag, ${seen}, or build it with --force`] : []),
  ];
}

/** Shows what became of a service's images, and sets the exit code. */
export function showBuildReport(context: Context, service: string, report: BuildReport): void {
  const { output, invocation } = context;
  const { dryRun, steps, results, failures } = report;
  const errors = failures.map(({ error }) => error);
  invocation.exitCode = exitCodeOfFailures(results.length + (dryRun ? steps.length : 0), errors);
  if (!dryRun) output.say(...unchangedNotes(results));
  if (output.format === "json") {
    const failed = failures.map(({ image, error }) => ({ image, error: errorView(error) }));
    const images = results.map(resultView);
    return output.json({ service, dry_run: dryRun, steps, images, failures: failed });
  }
  if (dryRun) for (const { description } of steps) output.print(`would ${plain(description)}`);
  output.table(
    [
      { heading: "IMAGE", text: ({ image }) => image },
      { heading: "RESULT", text: ({ result }) => result },
      { heading: "DIGEST", text: ({ digest }) => (digest === "" ? "-" : digest) },
    ],
    results,
  );
  for (const { image, error } of failures) {
    const explained = blameGivenToken(error, invocation.environment);
    output.complain(...formatError(explained, output.styleMessage("red", plain(image))));
  }
}
