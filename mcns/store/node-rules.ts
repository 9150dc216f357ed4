import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Name } from "../wire/name.ts";
import { recordTypes, typeNameOf } from "../wire/record-type.ts";
import type { Node, RecordSet } from "../zone/zone.ts";

/** So that a whole answer fits into a message of 64 KiB. */
const mostSetBytes = 60_000;
/** Of a record in a message, its compressed name and its data not counted. */
const recordBytes = 12;
const mostRecordsInSet = 1_000;

/** What must hold for the records of one name.
 * @param node with the SOA record where it is the zone's own
 * @throws DetailedError CNAME_CONFLICT, RECORD_SET_TOO_LARGE, ZONE_WITHOUT_NAME_SERVER */
export function checkNode(name: Name, apex: Name, node: Node): void {
  checkAlias(name, node);
  for (const set of node.values()) checkSize(name, set);
  if (name === apex && !node.has(recordTypes.NS)) {
    throw new DetailedError({
      code: "ZONE_WITHOUT_NAME_SERVER",
      category: "failed-precondition",
      attempted: "change the zone",
      subject: apex,
      found: "no NS record of the zone itself would be left",
      remedy: "add the new name server before you remove the old one",
    });
  }
}

/** RFC 1034 section 3.6.2: where a name is an alias, it is nothing else. */
function checkAlias(name: Name, node: Node): void {
  const aliases = node.get(recordTypes.CNAME)?.data.length ?? 0;
  if (aliases === 0 || (aliases === 1 && node.size === 1)) return;
  const others = [...node.keys()].filter((type) => type !== recordTypes.CNAME).map(typeNameOf);
  throw new DetailedError({
    code: "CNAME_CONFLICT",
    category: "failed-precondition",
    attempted: "change the records of",
    subject: name,
    found:
      others.length === 0
        ? "an alias can have one target only"
        : `an alias cannot have other records, and this would also have ${others.join(", ")}`,
    remedy: others.includes("SOA")
      ? "the zone itself cannot be an alias; use A and AAAA records, or HTTPS"
      : "remove one or the other first",
  });
}

function checkSize(name: Name, { type, data }: RecordSet): void {
  const bytes = data.reduce((sum, each) => sum + each.length + recordBytes, 0);
  if (bytes <= mostSetBytes && data.length <= mostRecordsInSet) return;
  throw new DetailedError({
    code: "RECORD_SET_TOO_LARGE",
    category: "invalid-argument",
    attempted: "change the records of",
    subject: `${name} ${typeNameOf(type)}`,
    found: `they would be ${data.length} records with ${bytes} bytes, which no answer can carry`,
    remedy: `keep it below ${mostRecordsInSet} records and ${mostSetBytes} bytes`,
  });
}
