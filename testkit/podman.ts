import { execFile } from "node:child_process";
import { writeFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger, type Logger } from "@metacircular/mcdsl/log/logger.ts";
import { openPodman } from "@metacircular/mcp-agent/runtime/podman.ts";
import type { Runtime } from "@metacircular/mcp-agent/runtime/runtime.ts";
import { sampleImages } from "./images.ts";
import { imageArchive, type ImageSpec } from "./podman-image.ts";
import { removeFirewallRules } from "./podman-firewall.ts";
import { endUniverse } from "./podman-teardown.ts";
import { addNetwork, claimUniverse, releaseUniverse, type Universe } from "./podman-universe.ts";

/** A podman that nothing else on the machine shares, with the sample images in its store. */
export interface TestPodman extends AsyncDisposable {
  /** Holds everything of it; short, so that sockets fit below it. */
  readonly directory: string;
  /** The whole environment to run podman, or an agent, in. */
  readonly environment: Readonly<Record<string, string>>;
  /** A driver for it, which ends together with it at the latest. Default logger: warnings to standard error. */
  runtime(logger?: Logger): Promise<Runtime>;
  /** Runs `podman …` and returns its standard output; rejects with its standard error. */
  cli(...args: string[]): Promise<string>;
  /** Makes an image from a busybox and the given files. */
  image(name: string, spec: Omit<ImageSpec, "name">): Promise<void>;
  /** Makes a user-defined network. */
  network(name: string): Promise<void>;
  /** Makes a user-defined network with name service, and returns its name. */
  networkWithNames(): Promise<string>;
}

/** @param options.images in its store from the start; default: the sample images */
export async function createTestPodman(options: { images?: readonly ImageSpec[] } = {}): Promise<TestPodman> {
  const universe = await claimUniverse((left) => endUniverse(left, environmentOf(left)));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => releaseUniverse(universe));
  // What an earlier one with that number left although its directory is gone.
  await removeFirewallRules(universe);
  const environment = environmentOf(universe);
  stack.defer(() => endUniverse(universe, environment));
  await loadImages(universe, options.images ?? sampleImages);
  const runtimes = stack.use(new AsyncDisposableStack());
  let runtimeCount = 0;
  const owned = stack.move();
  return {
    directory: universe.directory,
    environment,
    runtime: async (logger = createLogger({ name: "podman", level: "warn" })) => {
      const stateDirectory = join(universe.directory, `runtime-${++runtimeCount}`);
      return runtimes.use(await openPodman({ stateDirectory, environment, logger, clock: systemClock }));
    },
    cli: (...args) => podman(environment, args),
    image: (name, spec) => loadImages(universe, [{ ...spec, name }]),
    network: (name) => addNetwork(universe, name),
    networkWithNames: async () => {
      const name = `names-${universe.number}`;
      await addNetwork(universe, name, { hasNames: true });
      return name;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function environmentOf(universe: Universe): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: process.env["HOME"] ?? "/root",
    ...universe.variables,
  };
}

async function loadImages(universe: Universe, images: readonly ImageSpec[]): Promise<void> {
  if (images.length === 0) return;
  const path = join(universe.directory, `images-${crypto.randomUUID()}.tar`);
  await writeFile(path, await imageArchive(images));
  await podman(environmentOf(universe), ["load", "--quiet", "--input", path]);
  await rm(path);
}

async function podman(environment: Record<string, string>, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("podman", args, {
    env: environment,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
