import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

import { endBuild } from "../processes/end-build.ts";
import { type ProcessEnd, type ProcessOptions, runProcess } from "../processes/run-process.ts";
import type { BuildRequest, BuiltImage, ImageRuntime, PushRequest } from "./image-runtime.ts";
import { buildArguments, podmanEnvironment, pushArguments } from "./podman-arguments.ts";
import { BuildCount, buildFailure, isNoise, pushFailure } from "./podman-output.ts";
import { privateDirectory, writeLogin } from "./private-files.ts";

type Argv = readonly [string, ...string[]];

/** Images by the `podman` of this machine, each call in a process of its own. */
export function createPodmanImages(options: {
  environment: Readonly<Record<string, string | undefined>>;
  clock: Clock;
}): ImageRuntime {
  const environment = podmanEnvironment(options.environment);

  async function build(request: BuildRequest): Promise<BuiltImage> {
    const { image, signal } = request;
    await using files = await privateDirectory(options.environment);
    const idFile = join(files.path, "id");
    const { argv, variables } = buildArguments(request, idFile);
    const count = new BuildCount();
    const { code, lastLines } = await podman("build image", image, argv, {
      environment: { ...environment, ...variables },
      signal,
      onLine: (line) => {
        count.take(line);
        if (!isNoise(line)) request.onLine(line);
      },
      end: (child) => endBuild(child, () => count.isPulling, options.clock),
    });
    if (signal.aborted) throw cancelled("build image", image, signal);
    if (code !== 0) throw buildFailure(image, lastLines, code);
    const id = (await readFile(idFile, "utf8")).trim();
    return { id, steps: count.steps, cachedSteps: count.cachedSteps };
  }

  async function name(id: string, image: string, signal: AbortSignal): Promise<void> {
    const argv: Argv = ["podman", "tag", id, image];
    const { code, lastLines } = await podman("name image", image, argv, { environment, signal });
    if (signal.aborted) throw cancelled("name image", image, signal);
    if (code !== 0) throw podmanFailed("name image", image, lastLines);
  }

  async function push({ id, image, login, onLine, signal }: PushRequest): Promise<string> {
    await using files = await privateDirectory(options.environment);
    const digestFile = join(files.path, "digest");
    const written = login === undefined ? undefined : await writeLogin(files.path, login);
    const argv = pushArguments(id, image, {
      digestFile,
      authFile: written?.authFile,
      certificateDirectory: written?.certificateDirectory,
    });
    const { code, lastLines } = await podman("push image", image, argv, {
      environment,
      signal,
      onLine: (line) => (isNoise(line) ? undefined : onLine(line)),
    });
    if (signal.aborted) throw cancelled("push image", image, signal);
    if (code !== 0) throw pushFailure(image, lastLines);
    return (await readFile(digestFile, "utf8")).trim();
  }

  return {
    build,
    name,
    push,
    async imageExists(image, signal) {
      const argv: Argv = ["podman", "image", "exists", image];
      const { code, lastLines } = await podman("look for image", image, argv, { environment, signal });
      if (signal.aborted) throw cancelled("look for image", image, signal);
      if (code === 0 || code === 1) return code === 0;
      throw podmanFailed("look for image", image, lastLines);
    },
  };
}

async function podman(
  attempted: string,
  subject: string,
  argv: Argv,
  options: ProcessOptions,
): Promise<ProcessEnd> {
  try {
    return await runProcess(argv, options);
  } catch (cause) {
    if (systemCodeOf(cause) !== "ENOENT") throw podmanFailed(attempted, subject, [messageOf(cause)], cause);
    throw new DetailedError({
      code: "PODMAN_UNUSABLE",
      category: "failed-precondition",
      attempted,
      subject,
      found: "there is no podman on this machine",
      remedy:
        "install it, for example with `apt-get install podman`; `--no-build` deploys what is built already",
      cause,
    });
  }
}

function podmanFailed(
  attempted: string,
  subject: string,
  output: readonly string[],
  cause?: unknown,
): DetailedError {
  return new DetailedError({
    code: "PODMAN_UNUSABLE",
    category: "failed-precondition",
    attempted,
    subject,
    found: "podman does not work on this machine",
    remedy: "mend what the output says; `podman info` tells more",
    output,
    cause,
  });
}

function cancelled(attempted: string, subject: string, signal: AbortSignal): DetailedError {
  return new DetailedError({
    code: "CANCELLED",
    category: "cancelled",
    attempted,
    subject,
    found: "it was interrupted",
    cause: signal.reason,
  });
}
