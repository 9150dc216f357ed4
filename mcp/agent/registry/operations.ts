import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import type { EdgeEffect } from "@metacircular/mcp-core/edge/effect.ts";
import type { Intent, OperationKind } from "@metacircular/mcp-core/intent.ts";
import { serviceOf } from "@metacircular/mcp-core/intent.ts";
import type { ContainerTarget } from "@metacircular/mcp-core/plan-component.ts";
import type { ComponentResult, Failure, OperationOutcome } from "@metacircular/mcp-core/outcome.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";

/** The journal's entry for one operation. */
export interface OperationRecord {
  readonly id: string;
  readonly kind: OperationKind;
  readonly service: string;
  /** Empty: the whole service. */
  readonly component: string;
  readonly caller: string;
  readonly intent: Intent;
  /** What each component is put back to when the operation fails. */
  readonly before: readonly RestorePoint[];
  readonly steps: readonly Step[];
  /** Index of the step in progress; in the end, how many steps were executed. */
  readonly step: number;
  /** Failures by the index of their step. */
  readonly failures: Readonly<Record<number, Failure>>;
  /** Set from when a component has begun to be put back: what failed, and where. */
  readonly reverting: Reverting | undefined;
  /** How often it was begun: once, and again after each crash of the agent. */
  readonly attempts: number;
  /** Undefined while in progress. */
  readonly outcome: OperationOutcome | undefined;
  readonly results: readonly ComponentResult[];
  /** 0: none was stored. */
  readonly revision: number;
  readonly startedAtMs: number;
  /** 0 while in progress. */
  readonly finishedAtMs: number;
}

export interface Reverting {
  readonly component: string;
  readonly failure: Failure;
}

export interface RestorePoint {
  readonly component: string;
  readonly target: ContainerTarget;
  /** Where that container does not come back: a new one of the same version. */
  readonly recreated?: Extract<ContainerTarget, { want: "running" }> | undefined;
  /** What was set for it at the edge. */
  readonly effects?: readonly EdgeEffect[] | undefined;
}

/** Table `operations`: the journal. */
export interface OperationTable {
  get(id: string): OperationRecord | undefined;
  /** Oldest first. */
  unfinished(): OperationRecord[];
  /** Newest first; `service` empty: all. */
  list(query: { service: string; limit: number; inProgress: boolean }): OperationRecord[];
  /** Whether anybody but `caller` has begun one on the service since then, other than one that had nothing to do. */
  isBegunByOthers(service: string, sinceMs: number, caller: string): boolean;
  begin(entry: { id: string; caller: string; intent: Intent; startedAtMs: number }): void;
  /** One more attempt after a crash. */
  beginAgain(id: string): void;
  /** The agent was stopped in good order: this attempt does not count as one that it died in. */
  discountAttempt(id: string): void;
  /** Writes down where a failure has to lead back to. */
  recordBefore(id: string, before: readonly RestorePoint[]): void;
  recordSteps(id: string, steps: readonly Step[], step: number): void;
  advance(id: string, step: number): void;
  recordFailure(id: string, step: number, failure: Failure): void;
  recordReverting(id: string, reverting: Reverting): void;
  recordRevision(id: string, revision: number): void;
  /** `step`: how many steps were executed. */
  finish(
    id: string,
    ended: { outcome: OperationOutcome; results: readonly ComponentResult[]; step: number },
  ): void;
  /** Deletes finished operations older than `beforeMs`, at most `limit`; returns how many. */
  prune(beforeMs: number, limit: number): number;
}

export function createOperationTable({ sql }: Database, clock: Clock): OperationTable {
  const get = sql.prepare("SELECT * FROM operations WHERE id = ?");
  const unfinished = sql.prepare(
    "SELECT * FROM operations WHERE finished_at = '' ORDER BY started_at, rowid",
  );
  const newest = "ORDER BY started_at DESC, rowid DESC LIMIT ?";
  const list = sql.prepare(`SELECT * FROM operations ${newest}`);
  const listUnfinished = sql.prepare(`SELECT * FROM operations WHERE finished_at = '' ${newest}`);
  const ofService = sql.prepare(`SELECT * FROM operations WHERE service = ? ${newest}`);
  const ofServiceUnfinished = sql.prepare(
    `SELECT * FROM operations WHERE service = ? AND finished_at = '' ${newest}`,
  );
  const begunByOthers = sql.prepare(`SELECT 1 FROM operations
    WHERE service = ? AND started_at >= ? AND caller != ? AND outcome != 'unchanged' LIMIT 1`);
  const begin = sql.prepare(`INSERT INTO operations (id, kind, service, component, caller, intent, started_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const beginAgain = sql.prepare("UPDATE operations SET attempts = attempts + 1 WHERE id = ?");
  const discount = sql.prepare("UPDATE operations SET attempts = attempts - 1 WHERE id = ?");
  const failures = sql.prepare(
    "UPDATE operations SET failures = json_set(failures, ?, json(?)) WHERE id = ?",
  );
  const reverting = sql.prepare("UPDATE operations SET reverting = ? WHERE id = ?");
  const before = sql.prepare("UPDATE operations SET before = ? WHERE id = ?");
  const steps = sql.prepare("UPDATE operations SET steps = ?, step = ? WHERE id = ?");
  const advance = sql.prepare("UPDATE operations SET step = ? WHERE id = ?");
  const revision = sql.prepare("UPDATE operations SET revision = ? WHERE id = ?");
  const finish = sql.prepare(
    "UPDATE operations SET outcome = ?, results = ?, step = ?, finished_at = ? WHERE id = ?",
  );
  const prune = sql.prepare(`DELETE FROM operations WHERE id IN
    (SELECT id FROM operations WHERE finished_at != '' AND finished_at < ? ORDER BY finished_at LIMIT ?)`);
  return {
    get(id) {
      const row = get.get(id);
      return row === undefined ? undefined : operationFromRow(row);
    },
    unfinished: () => unfinished.all().map(operationFromRow),
    list({ service, limit, inProgress }) {
      const rows =
        service === ""
          ? (inProgress ? listUnfinished : list).all(limit)
          : (inProgress ? ofServiceUnfinished : ofService).all(service, limit);
      return rows.map(operationFromRow);
    },
    isBegunByOthers: (service, sinceMs, caller) =>
      begunByOthers.get(service, new Date(sinceMs).toISOString(), caller) !== undefined,
    begin({ id, caller, intent, startedAtMs }) {
      const component = "component" in intent ? intent.component : "";
      const startedAt = new Date(startedAtMs).toISOString();
      begin.run(id, intent.kind, serviceOf(intent), component, caller, JSON.stringify(intent), startedAt);
    },
    beginAgain(id) {
      beginAgain.run(id);
    },
    discountAttempt(id) {
      discount.run(id);
    },
    recordFailure(id, step, failure) {
      failures.run(`$."${step}"`, JSON.stringify(failure), id);
    },
    recordReverting(id, entry) {
      reverting.run(JSON.stringify(entry), id);
    },
    recordBefore(id, points) {
      before.run(JSON.stringify(points), id);
    },
    recordSteps(id, entries, step) {
      steps.run(JSON.stringify(entries), step, id);
    },
    advance(id, step) {
      advance.run(step, id);
    },
    recordRevision(id, number) {
      revision.run(number, id);
    },
    finish(id, { outcome, results, step }) {
      finish.run(outcome, JSON.stringify(results), step, new Date(clock.now()).toISOString(), id);
    },
    prune: (beforeMs, limit) => Number(prune.run(new Date(beforeMs).toISOString(), limit).changes),
  };
}

function operationFromRow(row: Record<string, unknown>): OperationRecord {
  const text = (column: string) => String(row[column]);
  const outcome = text("outcome");
  const finishedAt = text("finished_at");
  return {
    id: text("id"),
    kind: text("kind") as OperationKind,
    service: text("service"),
    component: text("component"),
    caller: text("caller"),
    intent: JSON.parse(text("intent")) as Intent,
    before: JSON.parse(text("before")) as RestorePoint[],
    steps: JSON.parse(text("steps")) as Step[],
    step: Number(row["step"]),
    failures: JSON.parse(text("failures")) as Record<number, Failure>,
    reverting: text("reverting") === "" ? undefined : (JSON.parse(text("reverting")) as Reverting),
    attempts: Number(row["attempts"]),
    outcome: outcome === "" ? undefined : (outcome as OperationOutcome),
    results: JSON.parse(text("results")) as ComponentResult[],
    revision: Number(row["revision"]),
    startedAtMs: Date.parse(text("started_at")),
    finishedAtMs: finishedAt === "" ? 0 : Date.parse(finishedAt),
  };
}
