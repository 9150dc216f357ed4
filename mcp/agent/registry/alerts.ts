import type { Database } from "@metacircular/mcdsl/database/open.ts";
import type { Alert, AlertType } from "@metacircular/mcp-core/alert.ts";
import type { DesiredState, ObservedState } from "@metacircular/mcp-core/spec.ts";

/** One trouble of one component, from its first announcement to its end. */
export interface AlertRecord extends Omit<Alert, "atMs"> {
  readonly id: number;
  /** When it was first announced. */
  readonly raisedAtMs: number;
  /** When it was last announced, its end left aside. */
  readonly announcedAtMs: number;
  /** 0: it lasts. */
  readonly recoveredAtMs: number;
  /** What was observed then; `unknown` where it lasts. */
  readonly recoveredState: ObservedState;
  /** How often it was announced, its end included. */
  readonly announcements: number;
  /** Of the latest announcement. */
  readonly command: CommandState;
  /** What went wrong with the command; empty: nothing. */
  readonly commandError: string;
}

/** What became of the alert command; `none`: there was none to run. */
export type CommandState = "none" | "pending" | "done" | "failed";

/** Which announcement of which alert. */
export interface AnnouncementId {
  readonly id: number;
  readonly announcement: number;
}

/** Table `alerts`. */
export interface AlertTable {
  /** Enters its first announcement. */
  raise(alert: Alert, command: CommandState): AlertRecord;
  /** It is announced once more, with what is observed now. */
  repeat(id: number, alert: Alert, command: CommandState): void;
  /** It has ended, which is announced. */
  recover(id: number, ended: { atMs: number; observed: ObservedState }, command: CommandState): void;
  /** How the command ended; only of the latest announcement, which is what the row tells about. */
  recordCommand(announced: AnnouncementId, state: CommandState, error: string): void;
  /** Says of all commands without a known end that they have none; returns how many. */
  failPending(error: string): number;
  /** Those that last, and those announced since then. */
  remembered(sinceMs: number): AlertRecord[];
  /** Newest first; `service` empty: all. */
  list(query: { service: string; active: boolean; limit: number }): AlertRecord[];
  /** Those raised or ended since then, newest first; `service` empty: all. */
  since(query: { service: string; sinceMs: number; limit: number }): AlertRecord[];
  /** Deletes at most `limit` that ended before `beforeMs`; returns how many it deleted. */
  prune(beforeMs: number, limit: number): number;
}

export function createAlertTable({ sql }: Database): AlertTable {
  const insert = sql.prepare(`INSERT INTO alerts (type, service, component, desired_state, observed_state,
    prev_state, transitions, raised_at, announced_at, command)
    VALUES (:type, :service, :component, :desired, :observed, :previous, :transitions, :at, :at, :command)
    RETURNING *`);
  const repeat = sql.prepare(`UPDATE alerts SET desired_state = :desired, observed_state = :observed,
    prev_state = :previous, transitions = :transitions, announced_at = :at, announcements = announcements + 1,
    command = :command, command_error = '' WHERE id = :id`);
  const recover =
    sql.prepare(`UPDATE alerts SET recovered_at = ?, recovered_state = ?, announcements = announcements + 1,
    command = ?, command_error = '' WHERE id = ?`);
  const setCommand = sql.prepare(
    "UPDATE alerts SET command = ?, command_error = ? WHERE id = ? AND announcements = ?",
  );
  const failPending = sql.prepare(
    "UPDATE alerts SET command = 'failed', command_error = ? WHERE command = 'pending'",
  );
  const remembered = sql.prepare(
    "SELECT * FROM alerts WHERE recovered_at = '' OR announced_at >= ? ORDER BY announced_at, id",
  );
  const newest = "ORDER BY raised_at DESC, id DESC LIMIT ?";
  const all = sql.prepare(`SELECT * FROM alerts ${newest}`);
  const allActive = sql.prepare(`SELECT * FROM alerts WHERE recovered_at = '' ${newest}`);
  const ofService = sql.prepare(`SELECT * FROM alerts WHERE service = ? ${newest}`);
  const ofServiceActive = sql.prepare(
    `SELECT * FROM alerts WHERE service = ? AND recovered_at = '' ${newest}`,
  );
  const since = sql.prepare(`SELECT * FROM alerts WHERE (raised_at >= :since OR recovered_at >= :since)
    AND (:service = '' OR service = :service) ORDER BY raised_at DESC, id DESC LIMIT :limit`);
  const prune = sql.prepare(`DELETE FROM alerts WHERE id IN
    (SELECT id FROM alerts WHERE raised_at < :before AND recovered_at != '' AND recovered_at < :before
     ORDER BY raised_at LIMIT :limit)`);
  return {
    raise: (alert, command) =>
      alertFromRow(
        insert.get({
          type: alert.type,
          service: alert.service,
          component: alert.component,
          ...observedColumns(alert),
          command,
        }) ?? {},
      ),
    repeat(id, alert, command) {
      repeat.run({ ...observedColumns(alert), id, command });
    },
    recover(id, { atMs, observed }, command) {
      recover.run(iso(atMs), observed, command, id);
    },
    recordCommand({ id, announcement }, state, error) {
      setCommand.run(state, error, id, announcement);
    },
    failPending: (error) => Number(failPending.run(error).changes),
    remembered: (sinceMs) => remembered.all(iso(sinceMs)).map(alertFromRow),
    list({ service, active, limit }) {
      const rows =
        service === ""
          ? (active ? allActive : all).all(limit)
          : (active ? ofServiceActive : ofService).all(service, limit);
      return rows.map(alertFromRow);
    },
    since: ({ service, sinceMs, limit }) =>
      since.all({ service, since: iso(sinceMs), limit }).map(alertFromRow),
    prune: (beforeMs, limit) => Number(prune.run({ before: iso(beforeMs), limit }).changes),
  };
}

const iso = (timeMs: number) => new Date(timeMs).toISOString();

/** What another announcement changes. */
function observedColumns({ desired, observed, previous, transitions, atMs }: Alert) {
  return { desired, observed, previous, transitions, at: iso(atMs) };
}

function alertFromRow(row: Record<string, unknown>): AlertRecord {
  const text = (column: string) => String(row[column]);
  const recoveredAt = text("recovered_at");
  return {
    id: Number(row["id"]),
    type: text("type") as AlertType,
    service: text("service"),
    component: text("component"),
    desired: text("desired_state") as DesiredState,
    observed: text("observed_state") as ObservedState,
    previous: text("prev_state") as ObservedState,
    transitions: Number(row["transitions"]),
    raisedAtMs: Date.parse(text("raised_at")),
    announcedAtMs: Date.parse(text("announced_at")),
    recoveredAtMs: recoveredAt === "" ? 0 : Date.parse(recoveredAt),
    recoveredState: (text("recovered_state") || "unknown") as ObservedState,
    announcements: Number(row["announcements"]),
    command: text("command") as CommandState,
    commandError: text("command_error"),
  };
}
