import { randomUUID } from "node:crypto";
import type { CollectionRequest, CollectorOptions } from "./collector-options.ts";
import { execute } from "./execution.ts";
import { createLedger } from "./ledger.ts";
import { type GcItem, type GcRun, nothing } from "./run.ts";
import { createRunStore } from "./run-store.ts";

/** Collects garbage while the registry serves. Disposing it cancels the run that is under way, and waits. */
export interface GarbageCollector extends AsyncDisposable {
  /** Begins a run and returns at once; `find` tells how it goes.
   * @throws DetailedError COLLECTION_RUNS where one runs already, here or in another server of this registry */
  start(request: CollectionRequest): Promise<GcRun>;
  /** Runs to the end; how it ended is in the result. Aborting the signal ends it between two batches.
   * @throws DetailedError COLLECTION_RUNS */
  run(request: CollectionRequest, signal?: AbortSignal): Promise<GcRun>;
  /** Newest first. */
  runs(limit: number): Promise<readonly GcRun[]>;
  find(id: number): Promise<GcRun | undefined>;
  /** What a run removed or would remove, the first 10,000 things. `after` is the `place` of the last one of the page before. */
  items(
    id: number,
    page: { readonly after: number; readonly limit: number },
  ): Promise<readonly (GcItem & { readonly place: number })[]>;
}

export function createGarbageCollector(options: CollectorOptions): GarbageCollector {
  const { sql, clock, logger, turnMs = 60_000 } = options;
  const runs = createRunStore(sql, clock);
  const disposed = new AbortController();
  const underWay = new Set<Promise<unknown>>();

  async function begin(request: CollectionRequest, signal: AbortSignal | undefined): Promise<Begun> {
    disposed.signal.throwIfAborted();
    const holder = randomUUID();
    const nowMs = clock.now();
    const id = await runs.begin({
      dryRun: request.dryRun,
      by: request.by,
      holder,
      nowMs,
      untilMs: nowMs + turnMs,
    });
    const ledger = createLedger({ runs, id, holder, clock, turnMs, logger });
    const cancelled = AbortSignal.any([disposed.signal, ...(signal === undefined ? [] : [signal])]);
    const done = execute(options, runs, { id, holder, request, ledger, cancelled });
    underWay.add(done);
    const forget = (): boolean => underWay.delete(done);
    done.then(forget, forget);
    return { id, done };
  }

  async function find(id: number): Promise<GcRun> {
    const run = await runs.find(id);
    return (
      run ?? {
        ...nothing,
        id,
        by: "",
        dryRun: false,
        state: "interrupted",
        startedAtMs: 0,
        endedAtMs: 0,
        error: "",
      }
    );
  }

  return {
    async start(request) {
      const { id, done } = await begin(request, undefined);
      done.catch((error: unknown) =>
        logger.error({ error }, "the result of collecting garbage could not be stored"),
      );
      return find(id);
    },
    async run(request, signal) {
      const { id, done } = await begin(request, signal);
      await done;
      return find(id);
    },
    runs: (limit) => runs.recent(limit),
    find: (id) => runs.find(id),
    items: (id, page) => runs.items(id, page),
    async [Symbol.asyncDispose]() {
      disposed.abort(new Error("the service ends"));
      await Promise.allSettled(underWay);
    },
  };
}

interface Begun {
  readonly id: number;
  readonly done: Promise<void>;
}
