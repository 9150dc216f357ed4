import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";

/** A file that is being pushed. */
export interface UploadRecord {
  /** Of the unfinished file, which is in the directory of `path`. */
  readonly name: string;
  readonly service: string;
  /** Relative to the service's directory. */
  readonly path: string;
}

/** Table `uploads`: written before an unfinished file exists, and cleared when it is gone. */
export interface UploadTable {
  all(): UploadRecord[];
  record(upload: UploadRecord): void;
  forget(name: string): void;
}

export function createUploadTable({ sql }: Database, clock: Clock): UploadTable {
  const all = sql.prepare("SELECT name, service, path FROM uploads ORDER BY started_at, name");
  const insert = sql.prepare("INSERT INTO uploads (name, service, path, started_at) VALUES (?, ?, ?, ?)");
  const remove = sql.prepare("DELETE FROM uploads WHERE name = ?");
  return {
    all: () =>
      all.all().map((row) => ({
        name: String(row["name"]),
        service: String(row["service"]),
        path: String(row["path"]),
      })),
    record({ name, service, path }) {
      insert.run(name, service, path, new Date(clock.now()).toISOString());
    },
    forget(name) {
      remove.run(name);
    },
  };
}
