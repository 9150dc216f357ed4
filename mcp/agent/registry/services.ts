import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";

/** Table `services`. */
export interface ServiceTable {
  names(): string[];
  /** Undefined when there is no such service. */
  isActive(name: string): boolean | undefined;
  /** Creates the service where it does not exist. */
  record(name: string, active: boolean): void;
  /** Removes it with all its components. */
  forget(name: string): void;
}

export function createServiceTable({ sql }: Database, clock: Clock): ServiceTable {
  const names = sql.prepare("SELECT name FROM services ORDER BY name");
  const one = sql.prepare("SELECT active FROM services WHERE name = ?");
  const upsert = sql.prepare(`INSERT INTO services (name, active, created_at, updated_at)
    VALUES (:name, :active, :now, :now)
    ON CONFLICT (name) DO UPDATE SET active = :active, updated_at = :now`);
  const remove = sql.prepare("DELETE FROM services WHERE name = ?");
  return {
    names: () => names.all().map((row) => String(row["name"])),
    isActive(name) {
      const row = one.get(name);
      return row === undefined ? undefined : row["active"] === 1;
    },
    record(name, active) {
      upsert.run({ name, active: active ? 1 : 0, now: new Date(clock.now()).toISOString() });
    },
    forget(name) {
      remove.run(name);
    },
  };
}
