import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Sql, SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import { first, number } from "./rows.ts";

const readEveryMs = 10_000;
/** An answer that took longer tells the time badly; it counts only where there is no newer one. */
const promptMs = 500;
const outdatedMs = 60_000;
/** What two readings differ by is smoothed up to here. Beyond it the database's clock was set. */
const smoothedMs = 1_000;

/** A clock that is to be disposed. */
export interface DatabaseClock extends Clock, AsyncDisposable {}

/** The time by which several servers of one registry agree: that of the PostgreSQL they share, read every ten seconds and
 * carried on by a counter that nobody sets. Servers' own clocks do not matter. Of SQLite, which has one server, its clock.
 * @param counterMs counts on evenly, from anywhere */
export async function openDatabaseClock(
  sql: SqlDatabase,
  clock: Clock,
  counterMs: () => number = () => performance.now(),
): Promise<DatabaseClock> {
  if (sql.engine === "sqlite") {
    return {
      now: () => clock.now(),
      sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  let reading = await read(sql, counterMs);
  let lastMs = -Infinity;
  const over = new AbortController();
  const reads = readOn();

  async function readOn(): Promise<void> {
    for (;;) {
      try {
        await clock.sleep(readEveryMs, over.signal);
      } catch {
        return;
      }
      // Without the database nothing is leased; until it is back the counter is good enough.
      const next = await read(sql, counterMs).catch(() => undefined);
      const isOutdated = counterMs() - reading.atMs > outdatedMs;
      if (next !== undefined && (next.tookMs <= promptMs || isOutdated)) reading = next;
    }
  }

  return {
    now() {
      const nowMs = Math.round(reading.databaseMs + counterMs() - reading.atMs);
      if (nowMs > lastMs || lastMs - nowMs > smoothedMs) lastMs = nowMs;
      return lastMs;
    },
    sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
    async [Symbol.asyncDispose]() {
      over.abort();
      await reads;
    },
  };
}

interface Reading {
  readonly databaseMs: number;
  /** By the counter, when the database said so. */
  readonly atMs: number;
  readonly tookMs: number;
}

async function read(sql: Sql, counterMs: () => number): Promise<Reading> {
  const askedAtMs = counterMs();
  const row = await first(
    sql,
    "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms",
    [],
  );
  if (row === undefined) throw new TypeError("the database returned no row for its time");
  const tookMs = counterMs() - askedAtMs;
  return { databaseMs: number(row, "now_ms"), atMs: askedAtMs + tookMs / 2, tookMs };
}
