import { randomUUID } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { RepositoryRules } from "../policy/tag-rules.ts";
import type { Collection } from "./collection.ts";
import { collect } from "./collect.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import type { RetentionRule } from "./retention-rule.ts";
import { type GcItem, type GcRun, type GcState, nothing } from "./run.ts";
import { createRunStore } from "./run-store.ts";

export interface CollectorOptions {
  readonly sql: SqlDatabase;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** All rules about retention as they are now. */
  readonly retention: () => Promise<readonly RetentionRule[]>;
  readonly rules: Pick<RepositoryRules, "requireMovable">;
  /** As `createMetadata` has it. */
  readonly leaseMs: number;
  /** How old a blob in the store must be that the database does not know. Default: 24 h. */
  readonly graceMs?: number;
  /** How long deleting one blob may take; pushes of the same blob wait for it. Default: 60 s. */
  readonly deletionMs?: number;
  /** After how long without a sign of life another run may begin. Default: 60 s. */
  readonly turnMs?: number;
}

export interface CollectionRequest {
  /** Says what would go, and changes nothing. */
  readonly dryRun: boolean;
  /** Account, or `schedule`. */
  readonly by: string;
}

/** Collects garbage while the registry serves. Disposing it cancels the run that is under way, and waits. */
export interface GarbageCollector extends AsyncDisposable {
  /** Begins a run and returns at once; `find` tells how it goes.
   * @throws DetailedError COLLECTION_RUNS where one runs already, here or in another server of this registry */
  start(request: CollectionRequest): Promise<GcRun>;
  /** Runs to the end; how it ended is in the result. Aborting the signal ends it between two batches.
   * @throws DetailedError COLLECTION_RUNS */
  run(request: CollectionRequest, signal?: AbortSignal): Promise<GcRun>;
  /** Newest first. */
  recent(limit: number): Promise<readonly GcRun[]>;
  find(id: number): Promise<GcRun | undefined>;
  /** What a run removed or would remove, the first 10,000 things. `after` is the `place` of the last one of the page before. */
  items(
    id: number,
    page: { readonly after: number; readonly limit: number },
  ): Promise<readonly (GcItem & { readonly place: number })[]>;
}

const dayMs = 86_400_000;

export function createGarbageCollector(options: CollectorOptions): GarbageCollector {
  const { sql, clock, logger, turnMs = 60_000 } = options;
  const runs = createRunStore(sql, clock);
  const disposed = new AbortController();
  const underWay = new Set<Promise<unknown>>();

  async function begin(request: CollectionRequest, signal: AbortSignal | undefined): Promise<Begun> {
    disposed.signal.throwIfAborted();
    const holder = randomUUID();
    const nowMs = clock.now();
    const id = await runs.begin({ ...request, holder, nowMs, untilMs: nowMs + turnMs });
    const ledger = createLedger({ runs, id, holder, clock, turnMs, logger });
    const cancelled = AbortSignal.any([disposed.signal, ...(signal === undefined ? [] : [signal])]);
    const done = execute({ id, holder, request, ledger, cancelled });
    underWay.add(done);
    const forget = (): boolean => underWay.delete(done);
    done.then(forget, forget);
    return { id, done };
  }

  async function execute(run: Execution): Promise<void> {
    const { id, holder, request, ledger } = run;
    const { by, dryRun } = request;
    logger.info({ run: id, by, dryRun }, "collecting garbage");
    const result = await attempt(run);
    await runs.end(id, holder, { ...result, nowMs: clock.now(), counts: ledger.counts() });
    const fields = { run: id, by, dryRun, ...result, ...ledger.counts() };
    if (result.state === "failed") logger.error(fields, "collecting garbage failed");
    else logger.info(fields, "collected garbage");
  }

  async function attempt({ request, ledger, cancelled }: Execution): Promise<Ended> {
    const [over, lost] = [new AbortController(), new AbortController()];
    const alive = ledger.stayAlive(over.signal).catch((error: unknown) => lost.abort(error));
    const signal = AbortSignal.any([cancelled, lost.signal]);
    try {
      await collect(collectionOf(options, request, ledger, signal), await options.retention());
      await ledger.flush();
      const error = ledger.failures().join("; ");
      return { state: error === "" ? "succeeded" : "failed", error };
    } catch (thrown) {
      if (cancelled.aborted) return { state: "cancelled", error: "" };
      return { state: "failed", error: messageOf(thrown) };
    } finally {
      over.abort();
      await alive;
      // What went is written down however it ended; without the database the numbers are all there is.
      await ledger
        .flush()
        .catch((error: unknown) => logger.warn({ error }, "items could not be written down"));
    }
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
    recent: (limit) => runs.recent(limit),
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

interface Ended {
  readonly state: GcState;
  readonly error: string;
}

interface Execution {
  readonly id: number;
  readonly holder: string;
  readonly request: CollectionRequest;
  readonly ledger: Ledger;
  readonly cancelled: AbortSignal;
}

function collectionOf(
  options: CollectorOptions,
  request: CollectionRequest,
  ledger: Ledger,
  signal: AbortSignal,
): Collection {
  const { sql, blobs, clock, rules, leaseMs, graceMs = dayMs, deletionMs = 60_000 } = options;
  return {
    ...{ sql, blobs, clock, rules, leaseMs, graceMs, deletionMs },
    dryRun: request.dryRun,
    signal,
    removed: (items) => ledger.add(items),
    failed: (error) => ledger.fail(error),
  };
}
