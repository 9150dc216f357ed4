import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { type ApiService, apiService } from "@metacircular/mcdsl/server/api-server.ts";
import { type Zone, ZoneService } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import type { KeyStore } from "../store/key-store.ts";
import type { StoredRecord } from "../store/record-table.ts";
import { startOfAuthority } from "../store/stored-nodes.ts";
import { zoneNotFound } from "../store/zone-errors.ts";
import type { ZoneStore } from "../store/zone-store.ts";
import type { StoredZone, ZoneSettings } from "../store/zone-table.ts";
import { type Name, nameToWire } from "../wire/name.ts";
import { recordTypes } from "../wire/record-type.ts";
import { applyImport, planImport, readWholeZoneFile, settingsWith } from "../zonefile/import-zone.ts";
import type { ZoneFile } from "../zonefile/zone-file.ts";
import { writeZoneFile } from "../zonefile/write-zone-file.ts";
import { newZoneName, settingsOf, zoneDefaults, zoneMessage, zoneNameOf } from "./zone-message.ts";

/** Zones by gRPC and REST. */
export function zoneService(parts: { store: ZoneStore; keys: KeyStore }): ApiService {
  const { store, keys } = parts;
  const show = (zone: StoredZone): Zone => zoneMessage(zone, store.countRecords(zone.name));
  return apiService(ZoneService, {
    listZones: () => ({ zones: store.list().map(show) }),
    getZone: ({ name }) => show(store.require(zoneNameOf(name))),
    createZone({ zone }, context) {
      const name = newZoneName(zone?.name ?? "");
      const settings = settingsOf(zone ?? zoneMessageWithout(), name, zoneDefaults);
      requireKeys(keys, settings);
      const data = nameToWire(settings.primary);
      const made = store.create(name, settings, callerOf(context).name, (edit) => {
        edit.insert({ name, type: recordTypes.NS, ttl: null, data });
      });
      return show(made);
    },
    updateZone({ zone }, context) {
      const name = zoneNameOf(zone?.name ?? "");
      const settings = settingsOf(zone ?? zoneMessageWithout(), name, store.require(name));
      requireKeys(keys, settings);
      store.edit(name, callerOf(context).name, (edit) => edit.changeSettings(settings));
      return show(store.require(name));
    },
    deleteZone: ({ name }, context) => ({ records: store.remove(zoneNameOf(name), callerOf(context).name) }),
    importZone({ name, zoneFile, dryRun }, context) {
      const zone = newZoneName(name);
      const file = readWholeZoneFile(zoneFile, zone);
      return importZone({ store, zone, file, dryRun, who: callerOf(context).name });
    },
    exportZone: ({ name }) => ({ zoneFile: exportZone(store, zoneNameOf(name)) }),
  });
}

function zoneMessageWithout(): Zone {
  return zoneMessage({ ...emptyZone, ...zoneDefaults }, 0);
}

const emptyZone = {
  id: 0,
  name: "",
  primary: "",
  contact: "",
  serial: 0,
  notify: [],
  transferKeys: [],
  updateKeys: [],
  updatedAtMs: 0,
} as const;

/** @throws DetailedError TSIG_KEY_NOT_FOUND */
function requireKeys(keys: KeyStore, { transferKeys, updateKeys }: ZoneSettings): void {
  for (const key of [...transferKeys, ...updateKeys]) keys.require(key);
}

interface Import {
  readonly store: ZoneStore;
  readonly zone: Name;
  readonly file: ZoneFile;
  readonly dryRun: boolean;
  readonly who: string;
}

interface ImportResult {
  readonly added: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly serial: number;
}

function importZone(request: Import): ImportResult {
  const { store, zone, file, dryRun, who } = request;
  const known = store.list().find(({ name }) => name === zone);
  if (known === undefined) return createFromFile(request);
  const counted = planImport(everyRecord(store, zone), file.records);
  const result = {
    added: counted.added.length + counted.changed.length,
    removed: counted.removed.length + counted.changed.length,
    unchanged: counted.unchanged,
  };
  if (dryRun) return { ...result, serial: known.serial };
  const { serial } = store.edit(zone, who, (edit) => applyImport(edit, file, counted));
  return { ...result, serial };
}

/** @throws DetailedError ZONE_NOT_FOUND where the file has no SOA record to make a zone of */
function createFromFile({ store, zone, file, dryRun, who }: Import): ImportResult {
  const { authority } = file;
  if (authority === undefined) throw zoneNotFound(zone);
  const { added } = planImport([], file.records);
  const result = { added: added.length, removed: 0, unchanged: 0 };
  if (dryRun) return { ...result, serial: 0 };
  const lists = { notify: [], transferKeys: [], updateKeys: [] };
  const { primary, contact } = authority;
  const settings = settingsWith({ ...zoneDefaults, ...lists, primary, contact }, file);
  const made = store.create(zone, settings, who, (edit) => {
    edit.insertAll(added);
    edit.startFrom(authority.serial);
  });
  return { ...result, serial: made.serial };
}

function exportZone(store: ZoneStore, name: Name): string {
  const zone = store.require(name);
  return writeZoneFile({
    zone: name,
    authority: zone,
    authorityTtl: startOfAuthority(zone).ttl,
    defaultTtl: zone.defaultTtl,
    records: everyRecord(store, name),
  });
}

function everyRecord(store: ZoneStore, zone: Name): StoredRecord[] {
  return store.listRecords(zone, { limit: -1 });
}
