import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { NewRecord, StoredRecord } from "../store/record-table.ts";
import type { ZoneEdit } from "../store/zone-edit.ts";
import type { ZoneSettings } from "../store/zone-table.ts";
import type { Name } from "../wire/name.ts";
import { isNewerSerial } from "../wire/soa.ts";
import { readZoneFile } from "./read-zone-file.ts";
import type { FileProblem, FileRecord, ZoneFile } from "./zone-file.ts";

/** What an import does to the records that are there. */
export interface ImportPlan {
  readonly removed: readonly StoredRecord[];
  readonly added: readonly NewRecord[];
  /** With another TTL. */
  readonly changed: readonly { readonly before: StoredRecord; readonly after: NewRecord }[];
  readonly unchanged: number;
}

/** @throws DetailedError ZONE_FILE_INVALID with all that is wrong */
export function readWholeZoneFile(text: string, zone: Name): ZoneFile {
  const { file, problems } = readZoneFile(text, zone);
  if (problems.length === 0) return file;
  throw new DetailedError({
    code: "ZONE_FILE_INVALID",
    category: "invalid-argument",
    attempted: "import the zone file of",
    subject: zone,
    found: problems.length === 1 ? describe(problems[0]) : `${problems.length} problems`,
    remedy: "correct the file; nothing was changed",
    facts: { problems: String(problems.length) },
    output: problems.map(describe),
  });
}

function describe(problem: FileProblem | undefined): string {
  if (problem === undefined) return "";
  const { line, column, message, hint } = problem;
  return `line ${line}, column ${column}: ${message}${hint === "" ? "" : `; ${hint}`}`;
}

/** Each record once. */
export function planImport(stored: readonly StoredRecord[], wanted: readonly FileRecord[]): ImportPlan {
  const left = new Map(stored.map((record) => [keyOf(record), record]));
  const done = new Set<string>();
  const added: NewRecord[] = [];
  const changed: { before: StoredRecord; after: NewRecord }[] = [];
  let unchanged = 0;
  for (const record of wanted) {
    const key = keyOf(record);
    if (done.has(key)) continue;
    done.add(key);
    const before = left.get(key);
    left.delete(key);
    if (before === undefined) added.push(record);
    else if (before.ttl === record.ttl) unchanged += 1;
    else changed.push({ before, after: record });
  }
  return { removed: [...left.values()], added, changed, unchanged };
}

function keyOf({ name, type, data }: Pick<NewRecord, "name" | "type" | "data">): string {
  return `${name} ${type} ${Buffer.from(data).toString("latin1")}`;
}

/** The settings of a zone with those that a file has. */
export function settingsWith<Settings extends ZoneSettings>(settings: Settings, file: ZoneFile): Settings {
  const { authority, defaultTtl = settings.defaultTtl } = file;
  if (authority === undefined) return { ...settings, defaultTtl };
  const { primary, contact, refresh, retry, expire, negativeTtl } = authority;
  return { ...settings, defaultTtl, primary, contact, refresh, retry, expire, negativeTtl };
}

/** Makes a zone be as the file says; its serial number never goes back. */
export function applyImport(edit: ZoneEdit, file: ZoneFile, plan: ImportPlan): void {
  const { zone } = edit;
  edit.changeSettings(settingsWith(zone, file));
  for (const record of plan.removed) edit.remove(record);
  for (const { before, after } of plan.changed) edit.update(before, after);
  edit.insertAll(plan.added);
  const serial = file.authority?.serial;
  if (serial !== undefined && isNewerSerial(serial, zone.serial)) edit.startFrom(serial);
}
