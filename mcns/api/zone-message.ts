import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type Zone, ZoneSchema } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { mailboxName, mailboxText } from "../records/mailbox.ts";
import { readName } from "../records/name.ts";
import { RecordProblem } from "../records/record-problem.ts";
import { notifyAddress } from "../store/stored-nodes.ts";
import { zoneNotFound } from "../store/zone-errors.ts";
import type { StoredZone, ZoneSettings } from "../store/zone-table.ts";
import { type Name, parseName } from "../wire/name.ts";

/** Of zones that do not say otherwise, in seconds. Services come and go, so what is known of them is soon forgotten. */
export const zoneDefaults = {
  refresh: 3_600,
  retry: 600,
  expire: 1_209_600,
  negativeTtl: 60,
  defaultTtl: 300,
} as const;

const longestSeconds = 2 ** 31 - 1;
const mostNotified = 20;
const mostKeys = 20;

export function zoneMessage(zone: StoredZone, records: number): Zone {
  return create(ZoneSchema, {
    name: zone.name,
    primary: zone.primary,
    contact: mailboxText(zone.contact),
    serial: zone.serial,
    refresh: zone.refresh,
    retry: zone.retry,
    expire: zone.expire,
    negativeTtl: zone.negativeTtl,
    defaultTtl: zone.defaultTtl,
    notify: [...zone.notify],
    transferKeys: [...zone.transferKeys],
    updateKeys: [...zone.updateKeys],
    records,
    updated: timestampFromMs(zone.updatedAtMs),
  });
}

/** The name of a zone that is to be used.
 * @throws DetailedError ZONE_NOT_FOUND */
export function zoneNameOf(text: string): Name {
  const name = text === "@" ? undefined : parseName(text);
  if (name === undefined) throw zoneNotFound(text.slice(0, 80));
  return name;
}

/** The name of a zone that is to be made.
 * @throws DetailedError ZONE_INVALID */
export function newZoneName(text: string): Name {
  const name = text === "@" ? "" : field("name", text, () => readName(text, ""));
  if (name !== "" && !name.includes("*")) return name;
  throw invalid("name", text, "it is not the name of a zone", 'such as "example.org"');
}

/** @param before what stays where a field is empty or 0: the zone as it is, or the defaults
 * @throws DetailedError ZONE_INVALID */
export function settingsOf(
  message: Zone,
  zone: Name,
  before: Pick<ZoneSettings, keyof typeof zoneDefaults> & Partial<ZoneSettings>,
): ZoneSettings {
  return {
    primary: primaryOf(message.primary, zone, before.primary),
    contact: contactOf(message.contact, zone, before.contact),
    refresh: secondsOf("refresh", message.refresh, before.refresh),
    retry: secondsOf("retry", message.retry, before.retry),
    expire: secondsOf("expire", message.expire, before.expire),
    negativeTtl: secondsOf("negative_ttl", message.negativeTtl, before.negativeTtl),
    defaultTtl: secondsOf("default_ttl", message.defaultTtl, before.defaultTtl),
    notify: notifyOf(message.notify),
    transferKeys: keysOf("transfer_keys", message.transferKeys),
    updateKeys: keysOf("update_keys", message.updateKeys),
  };
}

/** A single label is a name in the zone. */
function primaryOf(text: string, zone: Name, before: Name | undefined): Name {
  if (text === "" && before !== undefined) return before;
  if (text === "") throw invalid("primary", text, "it is missing", "name the primary server of the zone");
  return field("primary", text, () => readName(text, text.includes(".") ? "" : zone));
}

function contactOf(text: string, zone: Name, before: Name | undefined): Name {
  if (text === "") return before ?? `hostmaster.${zone}`;
  return field("contact", text, () => mailboxName(text));
}

function secondsOf(name: string, value: number, before: number): number {
  if (value === 0) return before;
  if (value <= longestSeconds) return value;
  throw invalid(name, String(value), `it is more than ${longestSeconds} seconds`, "say less");
}

function notifyOf(addresses: readonly string[]): string[] {
  if (addresses.length > mostNotified) {
    throw invalid("notify", "", `there are ${addresses.length} addresses`, `name at most ${mostNotified}`);
  }
  for (const address of addresses) {
    if (notifyAddress(address) === undefined) {
      throw invalid("notify", address, "it is no address", 'such as "192.0.2.1" or "[2001:db8::1]:5353"');
    }
  }
  return [...new Set(addresses)];
}

function keysOf(name: string, keys: readonly string[]): Name[] {
  if (keys.length > mostKeys)
    throw invalid(name, "", `there are ${keys.length} keys`, `name at most ${mostKeys}`);
  const names = keys.map((key) => field(name, key, () => readName(key, "")));
  return [...new Set(names)].toSorted();
}

function field<T>(name: string, text: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof RecordProblem)) throw thrown;
    throw invalid(name, text, thrown.message, thrown.hint);
  }
}

function invalid(name: string, text: string, found: string, remedy: string): DetailedError {
  return new DetailedError({
    code: "ZONE_INVALID",
    category: "invalid-argument",
    attempted: `use the ${name} of the zone`,
    subject: JSON.stringify(text.slice(0, 80)),
    found,
    remedy,
    facts: { field: name },
  });
}
