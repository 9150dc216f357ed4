import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { labels } from "@metacircular/mcp-agent/runtime/runtime.ts";
import { z } from "zod";
import { run, runChecked } from "../processes/run.ts";

export interface PodmanFacts {
  readonly version: string;
  readonly rootless: boolean;
}

const infoSchema = z.object({
  version: z.object({ Version: z.string() }),
  host: z.object({ security: z.object({ rootless: z.boolean() }) }),
});

const imagesSchema = z
  .array(
    z.object({
      Id: z.string(),
      Names: z.array(z.string()).nullish(),
      RepoDigests: z.array(z.string()).nullish(),
    }),
  )
  .nullable();

const containersSchema = z
  .array(z.object({ Id: z.string(), Names: z.array(z.string()), State: z.string() }))
  .nullable();

export interface ManagedContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
}

/** Podman is never ended half-way: that leaves containers half made. These are for a podman that hangs. */
const shortMs = 60_000;
const longMs = 600_000;

/** The few things done with containers without the agent: it may be down, or not be there yet. */
export class Podman {
  readonly #environment: Readonly<Record<string, string>>;

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  /** @throws DetailedError `COMMAND_…` when podman doesn't answer */
  async facts(): Promise<PodmanFacts> {
    const info = infoSchema.parse(JSON.parse(await this.#podman(shortMs, "info", "--format", "json")));
    return { version: info.version.Version, rootless: info.host.security.rootless };
  }

  /** Containers that an agent of this node made, running or not. */
  async managed(node: string): Promise<ManagedContainer[]> {
    const filter = `label=${labels.node}=${node}`;
    const output = await this.#podman(shortMs, "ps", "--all", "--filter", filter, "--format", "json");
    const containers = containersSchema.parse(JSON.parse(output)) ?? [];
    return containers.map(({ Id, Names, State }) => ({
      id: Id,
      name: Names[0] ?? Id,
      running: State === "running" || State === "paused",
    }));
  }

  /** Stops them, each within its own stop timeout. */
  async stop(containers: readonly ManagedContainer[]): Promise<void> {
    if (containers.length > 0) await this.#podman(longMs, "stop", ...containers.map(({ id }) => id));
  }

  /** Removes them with their anonymous volumes, running or not. One that is gone already is success. */
  async remove(containers: readonly ManagedContainer[]): Promise<void> {
    if (containers.length === 0) return;
    const ids = containers.map(({ id }) => id);
    await this.#podman(longMs, "rm", "--force", "--ignore", "--volumes", "--time", "5", ...ids);
  }

  async imageExists(reference: string): Promise<boolean> {
    const argv = ["podman", "image", "exists", reference];
    return (await run(argv, { environment: this.#environment, timeoutMs: shortMs })).exitCode === 0;
  }

  /** References by tag of the images of a registry; for images without a tag their ids. */
  async imagesOf(registry: string): Promise<string[]> {
    const output = await this.#podman(shortMs, "images", "--format", "json");
    const isOurs = (reference: string): boolean => reference.startsWith(`${registry}/`);
    return (imagesSchema.parse(JSON.parse(output)) ?? []).flatMap(({ Id, Names, RepoDigests }) => {
      const names = (Names ?? []).filter(isOurs);
      const isOnlyOurs = (Names ?? []).length === 0 && (RepoDigests ?? []).some(isOurs);
      return isOnlyOurs ? [Id] : names;
    });
  }

  /** Removes a tag, and the image where nothing else uses it. Absent is success.
   * @throws DetailedError `COMMAND_FAILED` where a container uses it */
  async removeImage(reference: string): Promise<void> {
    if (await this.imageExists(reference)) await this.#podman(shortMs, "rmi", reference);
  }

  /** Removes a directory whose files may belong to users that only exist in rootless containers. */
  async removeDirectoryAsContainerUser(path: string): Promise<void> {
    await this.#podman(longMs, "unshare", "rm", "-rf", "--", path);
  }

  #podman(timeoutMs: number, ...args: string[]): Promise<string> {
    return runChecked(["podman", ...args], { environment: this.#environment, timeoutMs });
  }
}

/** Explains a podman that is missing or does not answer. */
export function podmanUnusable(cause: unknown): DetailedError {
  const missing = cause instanceof DetailedError && cause.code === "COMMAND_NOT_STARTED";
  return new DetailedError({
    code: "PODMAN_UNUSABLE",
    category: "failed-precondition",
    attempted: "use podman",
    found: missing ? "it is not installed" : "`podman info` fails",
    remedy: missing ? "run scripts/setup up in the checkout" : "mend what it says, then run this again",
    output: cause instanceof DetailedError ? cause.output : [],
    cause,
  });
}
