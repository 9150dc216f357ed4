import type { OwnedSet } from "../wire/message-writer.ts";
import type { Name } from "../wire/name.ts";
import { namesInData } from "../wire/record-data.ts";
import { recordTypes } from "../wire/record-type.ts";
import type { Zone } from "../zone/zone.ts";
import type { ZoneSet } from "../zone/zone-set.ts";

/** Names whose addresses are added to one answer. */
const mostNames = 16;
const leading: ReadonlySet<number> = new Set([
  recordTypes.MX,
  recordTypes.SRV,
  recordTypes.NS,
  recordTypes.HTTPS,
  recordTypes.SVCB,
]);

/** Addresses of the names that answers lead to, as far as they are in own zones (RFC 1034, section 3.3; RFC 2782;
 * RFC 9460, section 4.1). */
export function additionalsOf(zones: ZoneSet, answers: readonly OwnedSet[]): OwnedSet[] {
  const names = new Set<Name>();
  for (const { type, data, name } of answers) {
    if (!leading.has(type)) continue;
    for (const each of data) {
      const [target = ""] = namesInData(type, each);
      // The target "." of a service binding is its owner.
      const isOwner = target === "" && (type === recordTypes.HTTPS || type === recordTypes.SVCB);
      if (names.size < mostNames) names.add(isOwner ? name : target);
    }
  }
  const present = new Set(answers.map((set) => `${set.type} ${set.name}`));
  return [...names]
    .flatMap((name) => {
      const zone = zones.zoneOf(name);
      return zone === undefined ? [] : addressesOf(zone, name);
    })
    .filter((set) => !present.has(`${set.type} ${set.name}`));
}

/** The address records of exactly this name. */
export function addressesOf(zone: Zone, name: Name): OwnedSet[] {
  const node = zone.nodes.get(name);
  const sets = [node?.get(recordTypes.A), node?.get(recordTypes.AAAA)];
  return sets.flatMap((set) => (set === undefined ? [] : [{ name, ...set }]));
}
