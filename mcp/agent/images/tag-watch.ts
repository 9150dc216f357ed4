import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { containerName } from "@metacircular/mcp-core/names.ts";
import type { ServiceLocks } from "../deploy/locks.ts";
import type { EventBus } from "../events/event-bus.ts";
import { createWaiting } from "../reconcile/waiting.ts";
import type { Registry } from "../registry/registry.ts";
import type { TagSight } from "../registry/tags.ts";
import type { Container, Runtime } from "../runtime/runtime.ts";
import type { ImageRegistry } from "./image-registry.ts";
import {
  compareTag,
  isOfDeclared,
  sightAfter,
  sightAfterFailure,
  type TaggedComponent,
  taggedComponents,
} from "./tag-sight.ts";

/** Looks up at an interval what the tags of running components name, in the registry of the platform, or on the node
 * where an image has none. Nobody waits for it: what it saw last is in the registry of the agent. Disposing it ends it. */
export interface TagWatch extends AsyncDisposable {
  start(): void;
}

export interface TagWatchOptions {
  readonly registry: Registry;
  readonly runtime: Pick<Runtime, "list" | "image">;
  /** Undefined: only images without a registry can be looked up. */
  readonly imageRegistry: Pick<ImageRegistry, "address" | "digestOf" | "manifest"> | undefined;
  readonly bus: Pick<EventBus, "publish" | "subscribe">;
  readonly locks: Pick<ServiceLocks, "holder">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0: never. */
  readonly intervalMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** After an operation it is looked again, but not more often than this. */
const leastMs = 10_000;
const atOnce = 4;
/** So many intervals lie between two looks at most, while the registry does not answer. */
const mostIntervals = 8;
/** Part of the interval that is left to chance, so that the nodes do not ask all at once. */
const jitter = 0.2;

export function createTagWatch(options: TagWatchOptions): TagWatch {
  const { registry, runtime, bus, locks, clock, logger, intervalMs, random } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const waiting = createWaiting(clock, signal);
  const ended: Promise<void>[] = [];
  let failures = 0;

  async function look(): Promise<void> {
    for (const { service, component } of registry.tags.all())
      if (registry.components.get(service, component) === undefined) registry.tags.forget(service, component);
    const tagged = taggedComponents(registry.components.all());
    if (tagged.length === 0) return;
    const containers = new Map((await runtime.list(signal)).map((container) => [container.name, container]));
    const outage: Outage = {};
    const left = tagged.values();
    // Each takes the next one that nobody has taken.
    const worker = async (): Promise<void> => {
      for (const each of left) {
        const container = containers.get(containerName(each.record.service, each.record.spec.name));
        if (container?.state === "running" && isOfDeclared(each.record, container))
          await lookAt(each, container, outage);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    failures = outage.error === undefined ? 0 : failures + 1;
    if (failures === 1 && outage.error !== undefined)
      logger.warn({ error: outage.error.message }, "the registry cannot be asked what tags name");
  }

  async function lookAt(tagged: TaggedComponent, container: Container, outage: Outage): Promise<void> {
    const { record, parsed } = tagged;
    const before = registry.tags.get(record.service, record.spec.name);
    try {
      // Once it does not answer, it is not asked about the others of the same round.
      if (outage.error !== undefined && parsed.registry === options.imageRegistry?.address)
        throw outage.error;
      const comparison = await compareTag(tagged, container, options, signal);
      // What an operation is about to change is compared when it is over.
      if (comparison === undefined || locks.holder(record.service) !== undefined) return;
      const { sight, isNews } = sightAfter(record, comparison, before, clock.now());
      if (!isCurrent(sight)) return;
      registry.tags.record(sight);
      if (isNews) announce(sight);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DetailedError && error.category === "unavailable") outage.error ??= error;
      const sight = sightAfterFailure(record, messageOf(error), before, clock.now());
      if (isCurrent(sight)) registry.tags.record(sight);
    }
  }

  /** It may have been deployed anew or undeployed meanwhile. */
  function isCurrent({ service, component, deployedDigest, image }: TagSight): boolean {
    const now = registry.components.get(service, component);
    return now?.imageDigest === deployedDigest && now.spec.image === image;
  }

  function announce({ service, component, image, runningDigest, digest }: TagSight): void {
    logger.info(
      { service, component, image, runningDigest, digest },
      "a tag moved under a running component",
    );
    bus.publish({ type: "tag-moved", atMs: clock.now(), service, component, image, runningDigest, digest });
  }

  async function run(): Promise<void> {
    for (;;) {
      const startedAtMs = clock.now();
      await look().catch((error: unknown) => {
        signal.throwIfAborted();
        logger.warn({ error: messageOf(error) }, "cannot look up what tags name");
      });
      const intervals = Math.min(mostIntervals, 2 ** failures);
      const pauseMs = intervalMs * intervals * (1 - jitter / 2 + jitter * random());
      await clock.sleep(Math.min(leastMs, intervalMs), signal);
      await waiting.until(startedAtMs + pauseMs);
    }
  }

  /** What was deployed anew is compared soon. */
  async function listen(): Promise<void> {
    for await (const event of bus.subscribe(signal))
      if (event.type === "operation-finished" && failures === 0) waiting.wake();
  }

  return {
    start() {
      if (intervalMs === 0) return;
      for (const loop of [run, listen]) {
        const over = loop().catch((error: unknown) => {
          if (!signal.aborted) logger.error({ error: messageOf(error) }, "tags are not looked up any more");
        });
        ended.push(over);
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the agent is stopping"));
      await Promise.allSettled(ended);
    },
  };
}

/** Of one round: why the registry does not answer. */
interface Outage {
  error?: DetailedError;
}
