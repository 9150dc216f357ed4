import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { watchIdle } from "@metacircular/mcdsl/idle-watch.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { checkConfiguration, type ImageDescription } from "./image-description.ts";
import type { ImageStore, Missing } from "./image-store.ts";
import type { LayerCache, ReceivedLayer } from "./layer-cache.ts";
import { requireRunnable } from "./platform.ts";
import { pushStalled, stopping, streamInvalid, tooManyPushes } from "./push-errors.ts";

export interface Pushed {
  /** The image's id in the runtime. */
  readonly id: string;
  readonly digest: string;
  /** It was not there before. */
  readonly imported: boolean;
  readonly receivedBytes: number;
}

/** Images that clients send, layer by layer, without a registry. Layers of pushes that broke off are removed when they are
 * old, also when nobody pushes any more. Disposing it ends the pushes that go on. */
export interface ImagePushes extends AsyncDisposable {
  /** What the node lacks of an image. @throws DetailedError IMAGE_WRONG_PLATFORM, and those of the runtime */
  missing(image: ImageDescription, signal?: AbortSignal): Promise<Missing>;
  /** @throws DetailedError IMAGE_WRONG_PLATFORM, IMAGE_PUSHES_BUSY */
  begin(image: ImageDescription, by: { service: string; caller: string }): Promise<ImagePush>;
}

/** One image on its way. Its parts come one after the other. Disposing it keeps the layers that are complete, for the
 * next push, and nothing else. */
export interface ImagePush extends AsyncDisposable {
  /** Aborts with the reason when nothing arrives any more, or the agent ends. */
  readonly signal: AbortSignal;
  /** Begins a layer; the one before must be complete.
   * @throws DetailedError IMAGE_STREAM_INVALID, IMAGE_INCOMPLETE, IMAGE_CORRUPTED, DISK_FULL */
  layer(diffId: string, sizeBytes: number): Promise<void>;
  /** A part of the layer that was begun; an empty one says only that more is to come. */
  write(chunk: Uint8Array): Promise<void>;
  /** The image's configuration.
   * @throws DetailedError IMAGE_STREAM_INVALID, IMAGE_CORRUPTED */
  configure(config: Uint8Array): Promise<void>;
  /** Puts the image into the runtime's store.
   * @param layerSizes of all its layers, in bytes
   * @throws DetailedError as `ImageStore.put` */
  finish(layerSizes: readonly number[], signal: AbortSignal): Promise<Pushed>;
}

export interface ImagePushesOptions {
  readonly store: ImageStore;
  readonly cache: LayerCache;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A push in which nothing goes on for this long is ended. Default 60 s. */
  readonly idleMs?: number;
  /** How many may go on at a time. Default 4. */
  readonly limit?: number;
}

/** Between two looks at which layers are old. */
const pruneEveryMs = 3_600_000;

export function createImagePushes(options: ImagePushesOptions): ImagePushes {
  const { store, cache, clock, logger, idleMs = 60_000, limit = 4 } = options;
  const holds = createHolds();
  const going = new Set<{ end(reason: Error): void; ended: Promise<void> }>();
  /** One at a time: two would write the same layers. */
  let importing: Promise<unknown> = Promise.resolve();

  function put(...args: Parameters<ImageStore["put"]>): ReturnType<ImageStore["put"]> {
    const mine = importing
      .catch(() => {})
      .then(async () => {
        const stored = await store.put(...args);
        for (const diffId of new Set(args[0].diffIds))
          if (holds.count(diffId) <= 1) await cache.remove(diffId);
        return stored;
      });
    importing = mine;
    return mine;
  }

  const prune = (log: Logger): Promise<void> =>
    cache.prune(holds.held()).catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, "old layers cannot be removed");
    });

  const stopped = new AbortController();
  async function keepPruning(): Promise<void> {
    while (!stopped.signal.aborted) {
      await prune(logger);
      await clock.sleep(pruneEveryMs, stopped.signal);
    }
  }
  // Ends with the reason of `stopped`.
  const pruning = keepPruning().catch(() => {});

  return {
    missing: (image, signal) => store.missing(image, signal),

    async begin(image, { service, caller }) {
      await requireRunnable(image.name, image);
      if (going.size >= limit) throw tooManyPushes(limit);
      const log = logger.child({ service, image: image.name, id: image.id, caller });
      const over = new AbortController();
      const ended = Promise.withResolvers<void>();
      const entry = { end: (reason: Error) => over.abort(reason), ended: ended.promise };
      going.add(entry);
      const holding = holds.hold(image.diffIds);
      const watch = watchIdle(clock, idleMs, () => over.abort(pushStalled(image.name, idleMs)));
      const parts = receiveParts(image, cache, put);
      const during = async <T>(work: () => Promise<T>): Promise<T> => {
        over.signal.throwIfAborted();
        return watch.during(work());
      };
      log.info({ layers: image.diffIds.length }, "image push began");
      await prune(log);
      return {
        signal: over.signal,
        layer: (diffId, sizeBytes) => during(() => parts.layer(diffId, sizeBytes)),
        write: (chunk) => during(() => parts.write(chunk)),
        configure: (config) => during(() => parts.configure(config)),
        finish: (layerSizes, signal) =>
          during(() => parts.finish(layerSizes, AbortSignal.any([signal, over.signal]))),
        async [Symbol.asyncDispose]() {
          watch[Symbol.dispose]();
          over.abort(new Error("the push is over"));
          await parts[Symbol.asyncDispose]();
          holding[Symbol.dispose]();
          going.delete(entry);
          ended.resolve();
          log.info(parts.facts(), "image push ended");
        },
      };
    },

    async [Symbol.asyncDispose]() {
      stopped.abort();
      const all = [...going];
      for (const each of all) each.end(stopping());
      await Promise.all([pruning, ...all.map((each) => each.ended)]);
    },
  };
}

type Parts = Omit<ImagePush, "signal"> & {
  /** How it went so far, for the log. */
  facts(): { readonly outcome: string; readonly receivedBytes: number };
};

function receiveParts(image: ImageDescription, cache: LayerCache, put: ImageStore["put"]): Parts {
  let layer: ReceivedLayer | undefined;
  let config: Buffer | undefined;
  let receivedBytes = 0;
  let outcome = "broken off";

  async function endLayer(): Promise<void> {
    await using last = layer;
    layer = undefined;
    await last?.finish();
  }

  return {
    facts: () => ({ outcome, receivedBytes }),
    async layer(diffId, sizeBytes) {
      await endLayer();
      if (!image.diffIds.includes(diffId))
        throw streamInvalid(`the image has no layer ${diffId.slice(0, 80)}`);
      layer = await cache.receive(diffId, sizeBytes);
    },
    async write(chunk) {
      if (chunk.length === 0) return;
      if (layer === undefined) throw streamInvalid("content comes before its layer");
      await layer.write(chunk);
      receivedBytes += chunk.length;
    },
    async configure(bytes) {
      await endLayer();
      config = Buffer.from(bytes);
      checkConfiguration(image, config);
    },
    async finish(layerSizes, signal) {
      await endLayer();
      const { id, digest, imported } = await put(image, { config, layerSizes }, signal);
      outcome = imported ? "imported" : "named";
      return { id, digest, imported, receivedBytes };
    },
    async [Symbol.asyncDispose]() {
      await layer?.[Symbol.asyncDispose]();
      layer = undefined;
    },
  };
}

/** Which layers the pushes that go on are about. */
function createHolds() {
  const held = new Map<string, number>();
  const count = (diffId: string): number => held.get(diffId) ?? 0;
  return {
    count,
    held: (): ReadonlySet<string> => new Set(held.keys()),
    hold(diffIds: readonly string[]): Disposable {
      const own = new Set(diffIds);
      for (const diffId of own) held.set(diffId, count(diffId) + 1);
      return {
        [Symbol.dispose]() {
          for (const diffId of own) {
            if (count(diffId) <= 1) held.delete(diffId);
            else held.set(diffId, count(diffId) - 1);
          }
        },
      };
    },
  };
}
