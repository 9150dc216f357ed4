import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";

/** Table `services`. */
export interface ServiceTable {
  names(): string[];
  /** Undefined when there is no such service. */
  isActive(name: string): boolean | undefined;
  /** Whether its definition says that drift is repaired; undefined where it does not say. */
  reconcile(name: string): boolean | undefined;
  /** Creates the service where it does not exist. */
  record(name: string, active: boolean): void;
  /** Sets what its definition says about repairs. */
  recordReconcile(name: string, reconcile: boolean | undefined): void;
  /** Removes it with all its components. */
  forget(name: string): void;
}

export function createServiceTable({ sql }: Database, clock: Clock): ServiceTable {
  const names = sql.prepare("SELECT name FROM services ORDER BY name");
  const one = sql.prepare("SELECT active FROM services WHERE name = ?");
  const upsert = sql.prepare(`INSERT INTO services (name, active, created_at, updated_at)
    VALUES (:name, :active, :now, :now)
    ON CONFLICT (name) DO UPDATE SET active = :active, updated_at = :now`);
  const reconcile = sql.prepare("SELECT reconcile FROM services WHERE name = ?");
  const setReconcile = sql.prepare("UPDATE services SET reconcile = ? WHERE name = ?");
  const remove = sql.prepare("DELETE FROM services WHERE name = ?");
  return {
    names: () => names.all().map((row) => String(row["name"])),
    isActive(name) {
      const row = one.get(name);
      return row === undefined ? undefined : row["active"] === 1;
    },
    reconcile(name) {
      const value = reconcile.get(name)?.["reconcile"];
      return typeof value === "number" ? value === 1 : undefined;
    },
    recordReconcile(name, value) {
      setReconcile.run(value === undefined ? null : Number(value), name);
    },
    record(name, active) {
      upsert.run({ name, active: active ? 1 : 0, now: new Date(clock.now()).toISOString() });
    },
    forget(name) {
      remove.run(name);
    },
  };
}
