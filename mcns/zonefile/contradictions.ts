import { RecordProblem } from "../records/record-problem.ts";
import type { Name } from "../wire/name.ts";
import { recordTypes, typeNameOf } from "../wire/record-type.ts";
import type { FileRecord } from "./zone-file.ts";

/** A record, and where it stands in the text. */
export interface PlacedRecord extends FileRecord {
  readonly offset: number;
}

/** Where the records of a file, each right by itself, do not go together. */
export function contradictions(records: readonly PlacedRecord[], zone: Name): RecordProblem[] {
  const problems: RecordProblem[] = [];
  const nodes = new Map<Name, Map<number, PlacedRecord>>();
  for (const record of records) {
    const { name, type, ttl, offset } = record;
    const node = nodes.get(name) ?? new Map<number, PlacedRecord>();
    nodes.set(name, node);
    const first = node.get(type);
    if (first === undefined) node.set(type, record);
    else if (first.ttl !== ttl) {
      const hint = "records of one name and type have one TTL";
      const message = `its TTL differs from that of the other ${typeNameOf(type)} records of ${name}`;
      problems.push(new RecordProblem(message, { hint, offset }));
    } else if (type === recordTypes.CNAME) {
      problems.push(new RecordProblem(`${name} is an alias already`, { hint: "keep one target", offset }));
    }
  }
  for (const [name, node] of nodes) {
    const alias = node.get(recordTypes.CNAME);
    if (alias === undefined || (node.size === 1 && name !== zone)) continue;
    const hint = name === zone ? "the zone itself cannot be an alias" : "keep the one or the others";
    problems.push(new RecordProblem(`the alias ${name} has other records`, { hint, offset: alias.offset }));
  }
  if (nodes.get(zone)?.has(recordTypes.NS) !== true) {
    problems.push(
      new RecordProblem(`the zone ${zone} has no NS record of its own`, { hint: "such as: @ IN NS ns1" }),
    );
  }
  return problems;
}
