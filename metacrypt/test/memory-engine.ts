import { systemClock, type Clock } from "@metacircular/mcdsl/clock.ts";
import { captureLog } from "@metacircular/mcdsl/test/captured-log.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { AuditEntry } from "../audit/audit-log.ts";
import type { SealedRecords } from "../barrier/sealed-records.ts";
import type { EngineParts, Engines } from "../mounts/engine.ts";
import { createMemoryRecords } from "./memory-records.ts";

/** What an engine is opened with, all of it in memory and allowing everything. */
export function memoryEngineParts(
  options: { readonly mount?: string; readonly clock?: Clock; readonly records?: SealedRecords } = {},
): EngineParts & { readonly entries: AuditEntry[] } {
  const { mount = "pki", clock = systemClock, records = createMemoryRecords() } = options;
  const entries: AuditEntry[] = [];
  return {
    mount,
    records,
    clock,
    entries,
    policy: { check: () => undefined },
    logger: captureLog().logger,
    settings: { externalUrl: "https://metacrypt.example.org:8443", pkiUrl: "http://pki.example.org" },
    audit: {
      change: (entry, work) =>
        records.transaction(() => {
          const result = work();
          entries.push(typeof entry === "function" ? entry(result) : entry);
          return result;
        }),
      record: (entry) => void entries.push(entry),
    },
  };
}

/** Engines that are open, by the names of their mounts. */
export function memoryEngines(mounts: Readonly<Record<string, AsyncDisposable>>): Engines {
  return {
    engine(type, mount) {
      const engine = mounts[mount];
      if (engine !== undefined && type.is(engine)) return engine;
      throw new DetailedError({
        code: "MOUNT_NOT_FOUND",
        category: "not-found",
        attempted: "use mount",
        subject: mount,
        found: `no mount of type ${type.type}`,
      });
    },
    names: (type) =>
      Object.keys(mounts).filter((name) => mounts[name] !== undefined && type.is(mounts[name])),
  };
}
