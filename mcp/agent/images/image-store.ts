import { statfs } from "node:fs/promises";
import type { Image, Runtime } from "../runtime/runtime.ts";
import type { ImageDescription } from "./image-description.ts";
import { type LayerCache, spareBytes } from "./layer-cache.ts";
import { ociArchive } from "./oci-archive.ts";
import { requireRunnable } from "./platform.ts";
import { corrupted, diskFull, layerMissing, streamInvalid } from "./push-errors.ts";

/** What a node lacks of an image. */
export interface Missing {
  /** Layers that have to be sent, each once, in the image's order. */
  readonly diffIds: readonly string[];
  /** The image is there, under whatever name. */
  readonly present: boolean;
  /** Id of the image that has the name now; empty: none. */
  readonly namedId: string;
}

/** What is complete of an image that was sent. */
export interface Arrived {
  /** Undefined: it was not sent. */
  readonly config: Buffer | undefined;
  /** Of all its layers, in bytes; none where they were not sent. */
  readonly layerSizes: readonly number[];
}

/** The images of the runtime, and the layers that were received for others. */
export interface ImageStore {
  /** @throws DetailedError IMAGE_WRONG_PLATFORM, and those of the runtime */
  missing(image: ImageDescription, signal?: AbortSignal): Promise<Missing>;
  /** Makes sure that the image has its name in the runtime; its received layers stay.
   * @throws DetailedError IMAGE_LAYER_MISSING, IMAGE_STREAM_INVALID, IMAGE_CORRUPTED, DISK_FULL, and those of the
   * runtime */
  put(
    image: ImageDescription,
    arrived: Arrived,
    signal: AbortSignal,
  ): Promise<Image & { readonly imported: boolean }>;
}

export type StoreRuntime = Pick<
  Runtime,
  "image" | "imageLayers" | "loadImage" | "tagImage" | "storageDirectory"
>;

export function createImageStore(runtime: StoreRuntime, cache: LayerCache): ImageStore {
  async function absent(image: ImageDescription, signal?: AbortSignal): Promise<string[]> {
    const there = await runtime.imageLayers(signal);
    return [...new Set(image.diffIds)].filter((diffId) => !there.has(diffId));
  }

  async function requireSpace(neededBytes: number, signal: AbortSignal): Promise<void> {
    const directory = await runtime.storageDirectory(signal);
    // The store of another user's runtime cannot be seen; its own errors have to do.
    const found = await statfs(directory).catch(() => undefined);
    if (found === undefined) return;
    const freeBytes = found.bavail * found.bsize;
    if (freeBytes < neededBytes + spareBytes) throw diskFull(directory, freeBytes, neededBytes + spareBytes);
  }

  async function load(
    image: ImageDescription,
    config: Buffer,
    layerSizes: readonly number[],
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = await absent(image, signal);
    for (const diffId of wanted) if (!(await cache.has(diffId))) throw layerMissing(image.name, diffId);
    const layers = image.diffIds.map((diffId, index) => ({ diffId, sizeBytes: layerSizes[index] ?? 0 }));
    const sizes = new Map(layers.map(({ diffId, sizeBytes }) => [diffId, sizeBytes]));
    const contents = wanted.map((diffId) => {
      const sizeBytes = sizes.get(diffId) ?? 0;
      return { diffId, sizeBytes, read: () => cache.read(diffId) };
    });
    await requireSpace(
      contents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      signal,
    );
    try {
      await runtime.loadImage(() => ociArchive({ name: image.name, config, layers }, contents), signal);
    } catch (error) {
      signal.throwIfAborted();
      // Podman's own words then are about archives of other kinds.
      const gone = (await absent(image, signal)).find((diffId) => !wanted.includes(diffId));
      throw gone === undefined ? error : layerMissing(image.name, gone);
    }
  }

  return {
    async missing(image, signal) {
      await requireRunnable(image.name, image);
      const [same, named] = await Promise.all([
        runtime.image(image.id, signal),
        runtime.image(image.name, signal),
      ]);
      const namedId = named?.id ?? "";
      if (same?.id === image.id) return { diffIds: [], present: true, namedId };
      const wanted = await absent(image, signal);
      const known = await Promise.all(wanted.map((diffId) => cache.has(diffId)));
      return { diffIds: wanted.filter((_, index) => known[index] !== true), present: false, namedId };
    },

    async put(image, { config, layerSizes }, signal) {
      signal.throwIfAborted();
      const isThere = (await runtime.image(image.id, signal))?.id === image.id;
      if (isThere) await runtime.tagImage(image.id, image.name, signal);
      else {
        if (config === undefined) throw streamInvalid("it has no configuration");
        if (layerSizes.length !== image.diffIds.length)
          throw streamInvalid("it does not say how large its layers are");
        await load(image, config, layerSizes, signal);
      }
      const stored = await runtime.image(image.name, signal);
      if (stored?.id !== image.id) throw corrupted(image.name);
      return { ...stored, imported: !isThere };
    },
  };
}
