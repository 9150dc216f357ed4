import { parseImageReference } from "@metacircular/mcp-core/image.ts";
import { registryAuthHeader, type RegistryLogin } from "../images/registry-login.ts";
import * as calls from "./podman-calls.ts";
import type { PodmanClient } from "./podman-client.ts";
import { podmanError } from "./podman-errors.ts";
import { loadFailure } from "./podman-load.ts";
import { type InspectedImage, parseImage } from "./podman-output.ts";
import type { Environment } from "./podman-process.ts";
import { certificatesDirectoryOf, pullFailure, requireReachable } from "./podman-pull.ts";
import type { ImageSettings } from "./podman-settings-input.ts";
import type { Image, Runtime } from "./runtime.ts";

/** Inspections at a time. */
const atOnce = 4;

/** What the driver does with images; as in `Runtime`. */
export interface PodmanImages extends Pick<Runtime, "image" | "pull"> {
  /** As podman shows it; undefined: there is none. */
  inspect(referenceOrId: string, signal?: AbortSignal): Promise<ImageSettings | undefined>;
  readonly layers: Runtime["imageLayers"];
  readonly load: Runtime["loadImage"];
  readonly tag: Runtime["tagImage"];
}

export function createPodmanImages(
  client: PodmanClient,
  options: { readonly environment: Environment; readonly registryLogin?: RegistryLogin | undefined },
): PodmanImages {
  const { environment, registryLogin: own } = options;

  async function inspect(referenceOrId: string, signal?: AbortSignal): Promise<ImageSettings | undefined> {
    const { status, text } = await client.read(calls.imageCall(referenceOrId), signal);
    return status === 404 ? undefined : (JSON.parse(text) as ImageSettings);
  }

  async function image(referenceOrId: string, signal?: AbortSignal, repository?: string) {
    const { status, text, version } = await client.read(calls.imageCall(referenceOrId), signal);
    if (status === 404) return undefined;
    return parseImage(JSON.parse(text) as InspectedImage, referenceOrId, { repository, version });
  }

  /** The token is read anew: it may have been renewed. It goes to its own registry only. */
  async function loginFor(reference: string): Promise<calls.PullLogin | undefined> {
    if (own === undefined || parseImageReference(reference)?.registry !== own.address) return undefined;
    const { address, authFile, certificateDirectory } = own;
    return { header: registryAuthHeader(address, await own.credentials()), authFile, certificateDirectory };
  }

  return {
    inspect,
    image,

    async pull(reference, signal, { refresh } = { refresh: false }): Promise<Image> {
      const present = refresh ? undefined : await image(reference, signal);
      if (present !== undefined) return present;
      requireReachable(reference);
      const call = calls.pullCall(reference, refresh ? "always" : "missing", await loginFor(reference));
      const { text } = await client.read(call, signal);
      const certificatesDirectory = certificatesDirectoryOf(environment);
      const failure = pullFailure(reference, text, { own, certificatesDirectory });
      if (failure !== undefined) throw failure;
      const pulled = await image(reference, signal);
      if (pulled !== undefined) return pulled;
      const message = "it is not here after the pull";
      throw podmanError({ attempted: "pull image", subject: reference, message });
    },

    async layers(signal) {
      type Listed = { readonly Id: string };
      const listed = (await client.readJson<Listed[] | null>(calls.imagesCall(), signal)) ?? [];
      const ids = [...new Set(listed.map(({ Id }) => Id))].values();
      const found = new Set<string>();
      // Each takes the next one that nobody has taken.
      const worker = async (): Promise<void> => {
        for (const id of ids) for (const layer of (await image(id, signal))?.layers ?? []) found.add(layer);
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      return found;
    },

    async load(archive, signal) {
      try {
        await client.read(calls.loadCall(archive), signal);
      } catch (thrown) {
        throw loadFailure(thrown);
      }
    },

    async tag(id, name, signal) {
      signal?.throwIfAborted();
      await client.change(calls.tagCall(id, name));
    },
  };
}
