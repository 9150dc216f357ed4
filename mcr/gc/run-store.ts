import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Sql, SqlDatabase, SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import { chunks, first, number, placeholders, text } from "../metadata/rows.ts";
import type { GcCounts, GcItem, GcRun, GcState } from "./run.ts";

const turn = "garbage";
const runsKept = 100;
const itemsKept = 10_000;
const itemsPerStatement = 100;
/** A turn that lasts so many times longer than one can was taken before the clock was set back. */
const possibleTurns = 10;
const runs = `SELECT c.*, COALESCE(t.until_ms, 0) AS until_ms
  FROM collection c LEFT JOIN collection_turn t ON t.collection = c.id`;

/** Runs in the database, where all servers of one registry see them. One runs at a time. */
export interface RunStore {
  /** @throws DetailedError COLLECTION_RUNS where one runs already */
  begin(run: {
    by: string;
    dryRun: boolean;
    holder: string;
    nowMs: number;
    untilMs: number;
  }): Promise<number>;
  /** Says that the run goes on, and how far it is.
   * @throws DetailedError COLLECTION_LOST where another one took its turn */
  renew(id: number, holder: string, untilMs: number, counts: GcCounts): Promise<void>;
  /** The first 10,000 of a run are kept. */
  note(id: number, place: number, items: readonly GcItem[]): Promise<void>;
  end(
    id: number,
    holder: string,
    result: { state: GcState; nowMs: number; counts: GcCounts; error: string },
  ): Promise<void>;
  /** Newest first. */
  recent(limit: number): Promise<readonly GcRun[]>;
  find(id: number): Promise<GcRun | undefined>;
  items(id: number, page: { after: number; limit: number }): Promise<readonly (GcItem & { place: number })[]>;
}

export function createRunStore(sql: SqlDatabase, clock: Clock): RunStore {
  return {
    begin: (run) => sql.transaction((tx) => begin(tx, run)),
    renew: (id, holder, untilMs, counts) =>
      sql.transaction(async (tx) => {
        const held = await tx.execute(
          "UPDATE collection_turn SET until_ms = $3 WHERE name = $1 AND holder = $2",
          [turn, holder, untilMs],
        );
        if (held === 0) throw lost(id);
        await storeCounts(tx, id, counts);
      }),
    note: async (id, place, items) => {
      const kept = items.slice(0, Math.max(0, itemsKept - place));
      if (kept.length > 0) await sql.transaction((tx) => storeItems(tx, id, place, kept));
    },
    end: (id, holder, { state, nowMs, counts, error }) =>
      sql.transaction(async (tx) => {
        await storeCounts(tx, id, counts);
        await tx.execute(
          "UPDATE collection SET state = $2, ended_at_ms = $3, error = $4 WHERE id = $1 AND state = 'running'",
          [id, state, nowMs, error],
        );
        await tx.execute("DELETE FROM collection_turn WHERE name = $1 AND holder = $2", [turn, holder]);
        await forgetOld(tx, id);
      }),
    recent: async (limit) => {
      const rows = await sql.query(`${runs} ORDER BY c.id DESC LIMIT $1`, [limit]);
      return rows.map((row) => runOf(row, clock.now()));
    },
    find: async (id) => {
      const row = await first(sql, `${runs} WHERE c.id = $1`, [id]);
      return row === undefined ? undefined : runOf(row, clock.now());
    },
    items: async (id, { after, limit }) => {
      const rows = await sql.query(
        `SELECT place, kind, repository, name, size_bytes FROM collection_item
         WHERE collection = $1 AND place > $2 ORDER BY place LIMIT $3`,
        [id, after, limit],
      );
      return rows.map((row) => ({
        place: number(row, "place"),
        kind: text(row, "kind") as GcItem["kind"],
        repository: text(row, "repository"),
        name: text(row, "name"),
        sizeBytes: number(row, "size_bytes"),
      }));
    },
  };
}

async function begin(
  tx: Sql,
  run: { by: string; dryRun: boolean; holder: string; nowMs: number; untilMs: number },
): Promise<number> {
  const current = await first(tx, "SELECT collection, until_ms FROM collection_turn WHERE name = $1", [turn]);
  const leftMs = current === undefined ? 0 : number(current, "until_ms") - run.nowMs;
  if (current !== undefined && leftMs > 0 && leftMs <= possibleTurns * (run.untilMs - run.nowMs))
    throw isRunning(number(current, "collection"));
  // Whoever had the turn is gone: it would have renewed it.
  await tx.execute("UPDATE collection SET state = 'interrupted', ended_at_ms = $1 WHERE state = 'running'", [
    run.nowMs,
  ]);
  const row = await first(
    tx,
    "INSERT INTO collection (started_by, dry_run, state, started_at_ms) VALUES ($1, $2, 'running', $3) RETURNING id",
    [run.by, run.dryRun ? 1 : 0, run.nowMs],
  );
  const id = row === undefined ? 0 : number(row, "id");
  await tx.execute(
    `INSERT INTO collection_turn (name, collection, holder, until_ms) VALUES ($1, $2, $3, $4)
     ON CONFLICT (name) DO UPDATE
     SET collection = excluded.collection, holder = excluded.holder, until_ms = excluded.until_ms`,
    [turn, id, run.holder, run.untilMs],
  );
  return id;
}

async function storeCounts(tx: Sql, id: number, counts: GcCounts): Promise<void> {
  await tx.execute(
    `UPDATE collection SET tags = $2, manifests = $3, links = $4, blobs = $5, bytes = $6, missing_blobs = $7
     WHERE id = $1`,
    [id, counts.tags, counts.manifests, counts.links, counts.blobs, counts.bytes, counts.missingBlobs],
  );
}

async function storeItems(tx: Sql, id: number, place: number, items: readonly GcItem[]): Promise<void> {
  const columns = 6;
  const placed = items.map((item, index) => ({ ...item, place: place + index + 1 }));
  for (const part of chunks(placed, itemsPerStatement)) {
    const rows = part.map((_, index) => `(${placeholders(columns, 1 + index * columns)})`);
    await tx.execute(
      `INSERT INTO collection_item (collection, place, kind, repository, name, size_bytes) VALUES ${rows.join(", ")}`,
      part.flatMap((item) => [id, item.place, item.kind, item.repository, item.name, item.sizeBytes]),
    );
  }
}

async function forgetOld(tx: Sql, newest: number): Promise<void> {
  await tx.execute("DELETE FROM collection_item WHERE collection <= $1", [newest - runsKept]);
  await tx.execute("DELETE FROM collection WHERE id <= $1", [newest - runsKept]);
}

/** One that says that it runs, but has no turn any more, died with its process. */
function stateOf(row: SqlRow, nowMs: number): GcState {
  const state = text(row, "state") as GcState;
  return state === "running" && number(row, "until_ms") <= nowMs ? "interrupted" : state;
}

function runOf(row: SqlRow, nowMs: number): GcRun {
  return {
    id: number(row, "id"),
    by: text(row, "started_by"),
    dryRun: number(row, "dry_run") === 1,
    state: stateOf(row, nowMs),
    startedAtMs: number(row, "started_at_ms"),
    endedAtMs: number(row, "ended_at_ms"),
    tags: number(row, "tags"),
    manifests: number(row, "manifests"),
    links: number(row, "links"),
    blobs: number(row, "blobs"),
    bytes: number(row, "bytes"),
    missingBlobs: number(row, "missing_blobs"),
    error: text(row, "error"),
  };
}

function isRunning(id: number): DetailedError {
  return new DetailedError({
    code: "COLLECTION_RUNS",
    category: "failed-precondition",
    attempted: "collect garbage",
    found: `run ${id} is under way`,
    remedy: "wait until it has ended",
    facts: { run: String(id) },
  });
}

function lost(id: number): DetailedError {
  return new DetailedError({
    code: "COLLECTION_LOST",
    category: "aborted",
    attempted: "go on with the collection of garbage",
    subject: `run ${id}`,
    found: "it did not say for so long that it goes on that another one took its turn",
    remedy: "look at the load of the service and of its database; the other run does the work",
  });
}
