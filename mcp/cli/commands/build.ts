import { resolve } from "node:path";

import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { nearestWord } from "@metacircular/mcdsl/toml/nearest.ts";
import type { Definition } from "@metacircular/mcp-core/definition.ts";

import { architectures } from "../config/node-rules.ts";
import { openContext, type Context } from "../context.ts";
import { definitionPath } from "../definitions/find.ts";
import { readDefinition } from "../definitions/read.ts";
import type { BuildOptions } from "../images/build-image.ts";
import { openBuildTools, wantedOf } from "../images/build-tools.ts";
import { makeImages } from "../images/make-images.ts";
import { buildReportJson, showBuildReport } from "../images/show-builds.ts";
import type { WantedImage } from "../images/wanted-images.ts";
import type { Invocation } from "../invocation.ts";
import { parseTarget } from "../target.ts";

export const json = buildReportJson;

const repeated = (value: string, values: readonly string[] = []): string[] => [...values, value];

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Builds the images of a service from source, and pushes them to their registry. What is there already is left alone.",
    )
    .argument("[service[/image]]", "service, or one image of its [build.images]")
    .option("-f, --file <file>", "definition file (default: <service>.toml in the services directory)")
    .option(
      "--build-arg <KEY[=VALUE]>",
      "value of an ARG; without =VALUE from the environment; may be repeated",
      (text: string, known: Record<string, string> | undefined) => buildArgument(text, known, invocation),
    )
    .option("--secret <id=NAME,src=FILE>", "secret for RUN --mount=type=secret; may be repeated", repeated)
    .addOption(
      new Option("--arch <name>", "build for this (default: what the node is)").choices(architectures),
    )
    .option("--no-cache", "run every instruction again")
    .option("--pull", "ask registries for newer base images")
    .option("--no-push", "only build")
    .option("--force", "build and push also what is there already")
    .option("--allow-dirty", "build a release also of files that are not committed and tagged as it")
    .option("--dry-run", "only show what would be done")
    .addHelpText("after", examples)
    .action(async (target, options, self) => {
      await using context = await openContext(self, invocation);
      const build: BuildOptions = {
        allowDirty: options.allowDirty === true,
        force: options.force === true,
        noCache: !options.cache,
        pull: options.pull === true,
        buildArguments: options.buildArg ?? {},
        secrets: options.secret ?? [],
      };
      const { definition, name } = await definitionOf(context, target, options.file);
      const wanted = chosen(definition, wantedOf(context, definition, { architecture: options.arch }), name);
      using tools = openBuildTools(context);
      const request = { wanted, push: options.push, dryRun: options.dryRun === true };
      const report = await makeImages(tools, request, build, context.output);
      showBuildReport(context, definition.name, report);
    });
}

async function definitionOf(
  { config }: Context,
  text: string | undefined,
  file: string | undefined,
): Promise<{ definition: Definition; name: string }> {
  const target = text === undefined ? undefined : parseTarget(text);
  const name = target?.component ?? "";
  if (file !== undefined) return { definition: await readDefinition(resolve(file), target?.service), name };
  if (target === undefined) {
    throw new DetailedError({
      code: "NAME_MISSING",
      category: "invalid-argument",
      attempted: "build",
      found: "neither a service nor a file is named",
      remedy: "name a service, or a file with -f",
    });
  }
  const path = definitionPath(config.servicesDirectory, target.service);
  return { definition: await readDefinition(path, target.service), name };
}

function chosen(
  { name: service, build }: Definition,
  wanted: readonly WantedImage[],
  name: string,
): readonly WantedImage[] {
  const found = wanted.filter((each) => name === "" || each.name === name);
  if (found.length > 0) return found;
  const known = Object.keys(build?.images ?? {});
  const meant = nearestWord(name, known);
  const none = known.length === 0;
  throw new DetailedError({
    code: none ? "BUILD_NOT_CONFIGURED" : "IMAGE_UNKNOWN",
    category: none ? "failed-precondition" : "invalid-argument",
    attempted: "build",
    subject: name === "" ? service : `${service}/${name}`,
    found: none ? "its definition does not say how" : `${service} builds ${known.join(", ")}`,
    remedy: none
      ? "add [build.images] to the definition, with image name and Dockerfile"
      : meant === undefined
        ? "name one of these"
        : `did you mean ${meant}?`,
  });
}

/** Reads `KEY=VALUE`, or `KEY` with the value that the environment has. */
function buildArgument(
  text: string,
  known: Readonly<Record<string, string>> | undefined,
  { environment }: Invocation,
): Record<string, string> {
  const [, name = "", value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (name === "") throw new InvalidArgumentError("It is not KEY or KEY=VALUE.");
  const found = value ?? environment[name];
  if (found === undefined) throw new InvalidArgumentError(`The environment has no ${name}.`);
  return { ...known, [name]: found };
}

const examples = `
A release, such as v1.2.0, is built only of a commit with the tag v1.2.0 or <service>/v1.2.0. Values of --build-arg end
up in the image's history: use --secret for what is secret.

Examples:
  mcp build metacrypt                        what is missing in the registry
  mcp build metacrypt/web --no-push          try whether it builds
  mcp build metacrypt --build-arg VERSION    with the value of $VERSION
  mcp build metacrypt --dry-run              show what would be built
`;
