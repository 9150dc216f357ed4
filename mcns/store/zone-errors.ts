import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Name } from "../wire/name.ts";

export function zoneNotFound(zone: Name): DetailedError {
  return new DetailedError({
    code: "ZONE_NOT_FOUND",
    category: "not-found",
    attempted: "use the zone",
    subject: zone,
    found: "this server has no zone of this name",
    remedy: "`mcns zone list` shows those it has",
  });
}

export function zoneExists(zone: Name): DetailedError {
  return new DetailedError({
    code: "ZONE_EXISTS",
    category: "already-exists",
    attempted: "create the zone",
    subject: zone,
    found: "there is a zone of this name",
    remedy: "change that one, or remove it first",
  });
}

export function recordNotFound(zone: Name, id: string): DetailedError {
  return new DetailedError({
    code: "RECORD_NOT_FOUND",
    category: "not-found",
    attempted: "use the record",
    subject: JSON.stringify(id.slice(0, 40)),
    found: `zone ${zone} has no record with this id`,
    remedy: `\`mcns record list ${zone}\` shows those it has`,
  });
}

export function recordExists(name: Name, type: string): DetailedError {
  return new DetailedError({
    code: "RECORD_EXISTS",
    category: "already-exists",
    attempted: "add the record",
    subject: `${name} ${type}`,
    found: "there is a record with the same data",
    remedy: "nothing needs to be done, or change that one",
  });
}

export function keyNotFound(key: Name): DetailedError {
  return new DetailedError({
    code: "TSIG_KEY_NOT_FOUND",
    category: "not-found",
    attempted: "use the key",
    subject: key,
    found: "there is no TSIG key of this name",
    remedy: "`mcns key list` shows those there are; `mcns key add` makes one",
  });
}
