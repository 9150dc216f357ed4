import type { Name } from "../wire/name.ts";
import { type Node, type RecordSet, type ResourceRecord, sameData } from "../zone/zone.ts";

export interface Difference {
  readonly removed: readonly ResourceRecord[];
  readonly added: readonly ResourceRecord[];
}

/** What turns the nodes before into those after; a record with a new TTL is removed and added. */
export function difference(before: ReadonlyMap<Name, Node>, after: ReadonlyMap<Name, Node>): Difference {
  const removed: ResourceRecord[] = [];
  const added: ResourceRecord[] = [];
  for (const [name, node] of after) {
    const old: Node = before.get(name) ?? new Map();
    for (const type of new Set([...old.keys(), ...node.keys()])) {
      const was = old.get(type);
      const is = node.get(type);
      removed.push(...missing(name, was, is));
      added.push(...missing(name, is, was));
    }
  }
  return { removed, added };
}

/** The records of one set that are not in the other. */
function missing(name: Name, from: RecordSet | undefined, to: RecordSet | undefined): ResourceRecord[] {
  if (from === undefined) return [];
  const { type, ttl } = from;
  const stays = (data: Uint8Array): boolean =>
    to?.ttl === ttl && to.data.some((other) => sameData(data, other));
  return from.data.filter((data) => !stays(data)).map((data) => ({ name, type, ttl, data }));
}
