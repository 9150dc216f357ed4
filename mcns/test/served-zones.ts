import { join } from "node:path";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { captureLog, type CapturedLog } from "@metacircular/mcdsl/test/captured-log.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { DnsSettings } from "../listen/dns-server.ts";
import { readDataText } from "../records/record-text.ts";
import type { ManagedType } from "../records/record-text.ts";
import { KeyStore } from "../store/key-store.ts";
import { migrations } from "../store/migrations.ts";
import { ZoneStore } from "../store/zone-store.ts";
import type { TsigKey } from "../transfer/tsig-key.ts";
import { recordTypes } from "../wire/record-type.ts";
import { planImport, readWholeZoneFile, applyImport } from "../zonefile/import-zone.ts";

/** Zones in a database of their own, with keys. */
export interface ServedZones extends AsyncDisposable {
  readonly directory: string;
  readonly store: ZoneStore;
  readonly keys: KeyStore;
  readonly log: CapturedLog;
  /** Makes a zone of a zone file, which has its SOA record. */
  add(
    name: string,
    zoneFile: string,
    policy?: { notify?: string[]; transferKeys?: string[]; updateKeys?: string[] },
  ): void;
  /** Adds a record, as the API does. */
  insert(zone: string, name: string, type: ManagedType, data: string, ttl?: number): void;
}

export const testKey: TsigKey = {
  name: "transfer.key",
  algorithm: "hmac-sha256",
  secret: Buffer.from("c2VjcmV0LWZvci10ZXN0cy1vbmx5LTMyLWJ5dGVzISE=", "base64"),
};

export async function createServedZones(keys: readonly TsigKey[] = [testKey]): Promise<ServedZones> {
  await using resources = new AsyncDisposableStack();
  const directory = resources.use(await createTemporaryDirectory());
  const database = resources.use(openDatabase({ file: join(directory.path, "mcns.db"), migrations }));
  const log = captureLog();
  const common = { database, clock: systemClock, logger: log.logger };
  const keyStore = new KeyStore(common);
  for (const key of keys) keyStore.add(key, "test");
  const store = new ZoneStore({ ...common, journal: { maxChanges: 1000, keepForMs: 3_600_000 } });
  const owned = resources.move();
  return {
    directory: directory.path,
    store,
    keys: keyStore,
    log,
    add(name, zoneFile, { notify = [], transferKeys = [], updateKeys = [] } = {}) {
      const file = readWholeZoneFile(zoneFile, name);
      const { authority, defaultTtl = 300 } = file;
      if (authority === undefined) throw new Error(`the zone file of ${name} has no SOA record`);
      const settings = { ...authority, defaultTtl, notify, transferKeys, updateKeys };
      store.create(name, settings, "test", (edit) => applyImport(edit, file, planImport([], file.records)));
    },
    insert(zone, name, type, data, ttl = 300) {
      const record = { name: name === "@" ? zone : `${name}.${zone}`, type: recordTypes[type], ttl };
      store.edit(zone, "test", (edit) => edit.insert({ ...record, data: readDataText(type, data, zone) }));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Settings that serve on the loopback, on any port. */
export function dnsSettings(changes: Partial<DnsSettings> = {}): DnsSettings {
  return {
    listen: [{ host: "127.0.0.1", port: 0 }],
    streams: { connections: 100, connectionsPerClient: 50, idleMs: 60_000 },
    rateLimit: { responsesPerSecond: 0, slip: 2, exempt: [] },
    answerCache: { entries: 10_000, bytes: 16 * 1024 * 1024 },
    logQueries: false,
    ...changes,
  };
}
