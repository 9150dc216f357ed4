import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { type ApiService, apiService } from "@metacircular/mcdsl/server/api-server.ts";
import { type Record, RecordSchema, RecordService } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { relativeText } from "../records/name.ts";
import { formatData } from "../records/record-data.ts";
import { readDataText, readOwner, readType } from "../records/record-text.ts";
import type { NewRecord, StoredRecord } from "../store/record-table.ts";
import { recordNotFound } from "../store/zone-errors.ts";
import type { ZoneEdit } from "../store/zone-edit.ts";
import type { ZoneStore } from "../store/zone-store.ts";
import { isWithin, type Name } from "../wire/name.ts";
import { isZoneTypeName, recordTypes, typeNameOf } from "../wire/record-type.ts";
import { sameData } from "../zone/zone.ts";
import { pageTokenOf, positionOf } from "./page-token.ts";
import type { RecordPolicy } from "./record-policy.ts";
import { zoneNameOf } from "./zone-message.ts";

const defaultLimit = 1_000;
const mostListed = 10_000;
const longestTtl = 2 ** 31 - 1;
const mostReplaced = 1_000;

/** Records by gRPC and REST. */
export function recordService(parts: { store: ZoneStore; policy: RecordPolicy }): ApiService {
  const { store, policy } = parts;
  return apiService(RecordService, {
    listRecords(request) {
      const zone = zoneNameOf(request.zone);
      const limit = Math.min(request.limit === 0 ? defaultLimit : request.limit, mostListed);
      const found = store.listRecords(zone, {
        name: request.name === "" ? undefined : readOwner(request.name, zone),
        type: request.type === "" ? undefined : recordTypes[readType(request.type)],
        after: positionOf(request.pageToken),
        limit: limit + 1,
      });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return {
        records: page.map((record) => recordMessage(record, zone)),
        nextPageToken: last === undefined ? "" : pageTokenOf(last),
      };
    },
    getRecord: ({ zone, id }) => recordMessage(findRecord(store, zoneNameOf(zone), id), zoneNameOf(zone)),
    createRecord(request, context) {
      const zone = zoneNameOf(request.zone);
      store.require(zone);
      const record = newRecord(request.record, zone);
      const caller = callerOf(context);
      policy(caller, record.name, zone);
      const { result } = store.edit(zone, caller.name, (edit) =>
        edit.insert({ ...record, ttl: record.ttl ?? ttlOfOthers(edit, record) }),
      );
      return recordMessage(result, zone);
    },
    updateRecord(request, context) {
      const zone = zoneNameOf(request.zone);
      const caller = callerOf(context);
      const before = findRecord(store, zone, request.record?.id ?? "");
      policy(caller, before.name, zone);
      const after = newRecord(request.record, zone);
      policy(caller, after.name, zone);
      const { result } = store.edit(zone, caller.name, (edit) => edit.update(before, after));
      return recordMessage(result, zone);
    },
    deleteRecord(request, context) {
      const zone = zoneNameOf(request.zone);
      const caller = callerOf(context);
      const record = findRecord(store, zone, request.id);
      policy(caller, record.name, zone);
      store.edit(zone, caller.name, (edit) => edit.remove(record));
      return {};
    },
    replaceRecords(request, context) {
      const zone = zoneNameOf(request.zone);
      store.require(zone);
      const wanted = wantedRecords(request, zone);
      const caller = callerOf(context);
      policy(caller, wanted.name, zone);
      const outcome = store.edit(zone, caller.name, (edit) => replace(edit, wanted));
      return { ...outcome, records: outcome.result.map((record) => recordMessage(record, zone)) };
    },
  });
}

function recordMessage(record: StoredRecord, zone: Name): Record {
  const type = typeNameOf(record.type);
  return create(RecordSchema, {
    id: String(record.id),
    name: relativeText(record.name, zone),
    type,
    ttl: record.ttl ?? 0,
    data: isZoneTypeName(type) ? formatData(type, record.data) : "",
    updated: timestampFromMs(record.updatedAtMs),
    updatedBy: record.updatedBy,
  });
}

/** @throws DetailedError RECORD_NOT_FOUND */
function findRecord(store: ZoneStore, zone: Name, id: string): StoredRecord {
  const record = /^\d{1,15}$/u.test(id) ? store.findRecord(zone, Number(id)) : undefined;
  if (record === undefined) throw recordNotFound(zone, id);
  return record;
}

function newRecord(message: Record | undefined, zone: Name): NewRecord {
  const { name = "", type = "", ttl = 0, data = "" } = message ?? {};
  const typeName = readType(type);
  return {
    name: ownerIn(name, zone),
    type: recordTypes[typeName],
    ttl: readTtl(ttl),
    data: readDataText(typeName, data, zone),
  };
}

/** @throws DetailedError RECORD_NAME_INVALID */
function ownerIn(text: string, zone: Name): Name {
  const name = readOwner(text, zone);
  if (isWithin(name, zone)) return name;
  throw new DetailedError({
    code: "RECORD_NAME_INVALID",
    category: "invalid-argument",
    attempted: "use the name",
    subject: JSON.stringify(text),
    found: `it is not in the zone ${zone}`,
    remedy: "names without a final dot are relative to the zone",
  });
}

/** null: the zone's default.
 * @throws DetailedError RECORD_TTL_INVALID */
function readTtl(ttl: number): number | null {
  if (ttl <= longestTtl) return ttl === 0 ? null : ttl;
  throw new DetailedError({
    code: "RECORD_TTL_INVALID",
    category: "invalid-argument",
    attempted: "use the TTL",
    subject: String(ttl),
    found: `it is more than ${longestTtl} seconds`,
    remedy: "say less; 0 is the zone's default",
  });
}

/** A record that joins others takes their TTL, unless it says one. */
function ttlOfOthers(edit: ZoneEdit, { name, type }: NewRecord): number | null {
  return edit.atName(name).find((other) => other.type === type)?.ttl ?? null;
}

interface WantedRecords {
  readonly name: Name;
  readonly type: number;
  readonly ttl: number | null;
  /** Each once. */
  readonly data: readonly Uint8Array[];
}

function wantedRecords(
  request: { name: string; type: string; ttl: number; data: readonly string[] },
  zone: Name,
): WantedRecords {
  if (request.data.length > mostReplaced) {
    throw new DetailedError({
      code: "RECORD_SET_TOO_LARGE",
      category: "invalid-argument",
      attempted: "change the records of",
      subject: request.name,
      found: `they would be ${request.data.length}`,
      remedy: `keep it to ${mostReplaced} records`,
    });
  }
  const type = readType(request.type);
  const data = request.data.map((text) => readDataText(type, text, zone));
  return {
    name: ownerIn(request.name, zone),
    type: recordTypes[type],
    ttl: readTtl(request.ttl),
    data: data.filter((each, index) => data.findIndex((other) => sameData(other, each)) === index),
  };
}

/** Makes the records of a name and type exactly these; those that are right already are not touched. */
function replace(edit: ZoneEdit, { name, type, ttl, data }: WantedRecords): StoredRecord[] {
  const setNow = (): StoredRecord[] => edit.atName(name).filter((record) => record.type === type);
  for (const record of setNow()) {
    if (!data.some((each) => sameData(each, record.data))) edit.remove(record);
  }
  for (const each of data) {
    const wanted = { name, type, ttl, data: each };
    const same = edit.findSame(wanted);
    if (same === undefined) edit.insert(wanted);
    else edit.update(same, wanted);
  }
  return setNow();
}
