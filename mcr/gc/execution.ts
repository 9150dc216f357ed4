import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { collect } from "./collect.ts";
import type { Collection } from "./collection.ts";
import type { CollectionRequest, CollectorOptions } from "./collector-options.ts";
import type { Ledger } from "./ledger.ts";
import type { GcCounts, GcState } from "./run.ts";
import type { RunStore } from "./run-store.ts";

const dayMs = 86_400_000;

interface Ended {
  readonly state: GcState;
  readonly error: string;
}

export interface Execution {
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
    strayed: (count) =>
      options.logger.warn(
        { blobs: count, graceMs },
        "the store has blobs that the database does not know; they go after the grace time. If the database was restored or is a new one, restore the right one before",
      ),
    failed: (error) => ledger.fail(error),
  };
}

/** Runs to the end, whatever that is, and writes it down. */
export async function execute(options: CollectorOptions, runs: RunStore, run: Execution): Promise<void> {
  const { id, holder, request, ledger } = run;
  const { clock, logger } = options;
  const { by, dryRun } = request;
  logger.info({ run: id, by, dryRun }, "collecting garbage");
  const result = await attempt(options, run);
  await runs.end(id, holder, { ...result, nowMs: clock.now(), counts: ledger.counts() });
  const fields = { run: id, by, dryRun, ...result, ...ledger.counts() };
  options.audit?.record({
    action: "collect-garbage",
    outcome: result.state === "failed" ? "failed" : "ok",
    caller: { kind: request.kind ?? "system", name: by },
    address: "",
    repository: "",
    reference: `run ${id}`,
    digest: "",
    detail: summary(request, result, ledger.counts()),
  });
  if (result.state === "failed") logger.error(fields, "collecting garbage failed");
  else logger.info(fields, "collected garbage");
}

async function attempt(options: CollectorOptions, { request, ledger, cancelled }: Execution): Promise<Ended> {
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
      .catch((error: unknown) => options.logger.warn({ error }, "items could not be written down"));
  }
}

function summary({ dryRun }: CollectionRequest, { state, error }: Ended, counts: GcCounts): string {
  const { tags, manifests, blobs, bytes } = counts;
  const went = `${tags} tags, ${manifests} manifests, ${blobs} blobs of ${bytes} bytes`;
  return `${dryRun ? "dry run " : ""}${state}: ${went}${error === "" ? "" : `; ${error}`}`;
}
