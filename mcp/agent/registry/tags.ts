import type { Database } from "@metacircular/mcdsl/database/open.ts";
import type { ComponentRecord } from "./component-record.ts";

/** What the tag of a component's image named when it was last looked up. */
export interface TagSight {
  readonly service: string;
  readonly component: string;
  readonly image: string;
  /** Digest that was recorded of the component then: another one is another deploy, which this says nothing about. */
  readonly deployedDigest: string;
  /** Of what runs; for an image without a registry its id. */
  readonly runningDigest: string;
  /** Of what the tag names; empty: not known. */
  readonly digest: string;
  readonly moved: boolean;
  /** When it was first seen to have moved; 0: it has not. */
  readonly movedSinceMs: number;
  /** 0: never. */
  readonly checkedAtMs: number;
  /** Why the latest look did not succeed; empty: it did. */
  readonly error: string;
  /** 0: it did. */
  readonly failedAtMs: number;
}

/** Table `tags`. */
export interface TagTable {
  all(): TagSight[];
  get(service: string, component: string): TagSight | undefined;
  record(sight: TagSight): void;
  forget(service: string, component: string): void;
}

export function createTagTable({ sql }: Database): TagTable {
  const all = sql.prepare("SELECT * FROM tags ORDER BY service, component");
  const one = sql.prepare("SELECT * FROM tags WHERE service = ? AND component = ?");
  const upsert =
    sql.prepare(`INSERT OR REPLACE INTO tags (service, component, image, deployed_digest, running_digest,
    digest, moved, moved_since, checked_at, error, failed_at) VALUES (:service, :component, :image, :deployed,
    :running, :digest, :moved, :movedSince, :checked, :error, :failed)`);
  const remove = sql.prepare("DELETE FROM tags WHERE service = ? AND component = ?");
  return {
    all: () => all.all().map(sightFromRow),
    get(service, component) {
      const row = one.get(service, component);
      return row === undefined ? undefined : sightFromRow(row);
    },
    record({ deployedDigest, runningDigest, moved, movedSinceMs, checkedAtMs, failedAtMs, ...columns }) {
      upsert.run({
        ...columns,
        deployed: deployedDigest,
        running: runningDigest,
        moved: Number(moved),
        movedSince: timeText(movedSinceMs),
        checked: timeText(checkedAtMs),
        failed: timeText(failedAtMs),
      });
    },
    forget(service, component) {
      remove.run(service, component);
    },
  };
}

/** What is known of the tag of the component as it is now; undefined: nothing. */
export function currentSight(
  { service, spec, imageDigest }: Pick<ComponentRecord, "service" | "spec" | "imageDigest">,
  tags: Pick<TagTable, "get">,
): TagSight | undefined {
  const sight = tags.get(service, spec.name);
  return sight?.image === spec.image && sight.deployedDigest === imageDigest ? sight : undefined;
}

function timeText(timeMs: number): string {
  return timeMs === 0 ? "" : new Date(timeMs).toISOString();
}

function sightFromRow(row: Record<string, unknown>): TagSight {
  const text = (column: string): string => String(row[column]);
  const timeMs = (column: string): number => (text(column) === "" ? 0 : Date.parse(text(column)));
  return {
    service: text("service"),
    component: text("component"),
    image: text("image"),
    deployedDigest: text("deployed_digest"),
    runningDigest: text("running_digest"),
    digest: text("digest"),
    moved: row["moved"] === 1,
    movedSinceMs: timeMs("moved_since"),
    checkedAtMs: timeMs("checked_at"),
    error: text("error"),
    failedAtMs: timeMs("failed_at"),
  };
}
