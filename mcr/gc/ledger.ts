import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { addCounts, countsOf, type GcCounts, type GcItem, nothing } from "./run.ts";
import type { RunStore } from "./run-store.ts";

const itemsHeld = 200;
const failuresKept = 10;

/** What one run did so far, written to the database from time to time. */
export interface Ledger {
  add(items: readonly GcItem[]): Promise<void>;
  fail(error: unknown): void;
  flush(): Promise<void>;
  counts(): GcCounts;
  /** The first ten, as sentences. */
  failures(): readonly string[];
  /** Says that the run goes on, until the signal is aborted. @throws DetailedError COLLECTION_LOST */
  stayAlive(signal: AbortSignal): Promise<void>;
}

export function createLedger(options: {
  readonly runs: RunStore;
  readonly id: number;
  readonly holder: string;
  readonly clock: Clock;
  readonly turnMs: number;
  readonly logger: Logger;
}): Ledger {
  const { runs, id, holder, clock, turnMs, logger } = options;
  const failures: string[] = [];
  let counts = nothing;
  let held: GcItem[] = [];
  let written = 0;

  async function flush(): Promise<void> {
    const items = held;
    held = [];
    await runs.note(id, written, items);
    written += items.length;
  }

  return {
    async add(items) {
      for (const item of items) {
        counts = addCounts(counts, countsOf(item));
        if (item.kind !== "missing-blob") continue;
        const { name: digest, repository, sizeBytes } = item;
        logger.error(
          { digest, repository, sizeBytes },
          "a blob that is referred to is missing from the store",
        );
      }
      held.push(...items);
      if (held.length >= itemsHeld) await flush();
    },
    fail(error) {
      logger.warn({ run: id, error }, "a step of collecting garbage failed");
      if (failures.length < failuresKept) failures.push(messageOf(error));
    },
    flush,
    counts: () => counts,
    failures: () => failures,
    async stayAlive(signal) {
      for (;;) {
        try {
          await clock.sleep(turnMs / 4, signal);
        } catch {
          return;
        }
        await runs.renew(id, holder, clock.now() + turnMs, counts);
      }
    },
  };
}
