import type { OwnedSet } from "../wire/message-writer.ts";
import { below, type Name, parentOf } from "../wire/name.ts";
import { namesInData } from "../wire/record-data.ts";
import { recordTypes } from "../wire/record-type.ts";
import { negativeTtlOf } from "../wire/soa.ts";
import { responseCodes } from "../wire/code.ts";
import type { Node, RecordSet, Zone } from "../zone/zone.ts";
import type { ZoneSet } from "../zone/zone-set.ts";
import { additionalsOf, addressesOf } from "./additional.ts";
import type { Reply } from "./reply.ts";

/** Aliases that are followed in one answer. */
const longestChain = 16;
const delegationSigner = 43;
/** RFC 8482, section 4.2: cpu "RFC8482", os "". */
const anyData = Uint8Array.from([7, ...Buffer.from("RFC8482"), 0]);
const anyTtl = 3600;

/** What the zones say to a question of class IN (RFC 1034, section 4.3.2); undefined when the name is in none of
 * them. A pure function. */
export function answer(zones: ZoneSet, name: Name, type: number): Reply | undefined {
  const chain: OwnedSet[] = [];
  const seen = new Set<Name>();
  let at = name;
  for (;;) {
    const zone = zoneFor(zones, at, type);
    if (zone === undefined) return chain.length === 0 ? undefined : endOfChain(chain, at);
    const step = lookUp(zone, at, type);
    if (step.kind !== "alias") return finish(zones, zone, chain, step, at);
    chain.push({ name: at, ...step.set });
    seen.add(at);
    const target = namesInData(recordTypes.CNAME, step.set.data[0] ?? new Uint8Array())[0] ?? "";
    if (seen.has(target) || chain.length >= longestChain) return endOfChain(chain);
    at = target;
  }
}

/** A DS record of a zone's own name belongs to the zone above it (RFC 4035, section 3.1.4.1). */
function zoneFor(zones: ZoneSet, name: Name, type: number): Zone | undefined {
  const zone = zones.zoneOf(name);
  if (type !== delegationSigner || zone?.name !== name) return zone;
  const parent = parentOf(name);
  return (parent === undefined ? undefined : zones.zoneOf(parent)) ?? zone;
}

type Step =
  | { readonly kind: "data"; readonly set: RecordSet }
  | { readonly kind: "alias"; readonly set: RecordSet }
  | { readonly kind: "referral"; readonly at: Name; readonly servers: RecordSet }
  | { readonly kind: "any" }
  | { readonly kind: "no data" }
  | { readonly kind: "no name" };

function lookUp(zone: Zone, name: Name, type: number): Step {
  const cut = delegationOf(zone, name);
  if (cut !== undefined) {
    return cut.at === name && type === delegationSigner ? { kind: "no data" } : { kind: "referral", ...cut };
  }
  const node = zone.nodes.get(name) ?? wildcardFor(zone, name);
  if (node === undefined) return { kind: "no name" };
  const set = node.get(type);
  if (set !== undefined) return { kind: "data", set };
  if (type === recordTypes.ANY && node.size > 0) return { kind: "any" };
  const alias = node.get(recordTypes.CNAME);
  return alias === undefined ? { kind: "no data" } : { kind: "alias", set: alias };
}

/** The highest name below the apex, at or above `name`, that is delegated. */
function delegationOf(zone: Zone, name: Name): { at: Name; servers: RecordSet } | undefined {
  let found: { at: Name; servers: RecordSet } | undefined;
  for (let at: Name | undefined = name; at !== undefined && at !== zone.name; at = parentOf(at)) {
    const servers = zone.nodes.get(at)?.get(recordTypes.NS);
    if (servers !== undefined) found = { at, servers };
  }
  return found;
}

/** The node of the wildcard that a missing name takes its records from (RFC 4592, section 3.3.1). */
function wildcardFor(zone: Zone, name: Name): Node | undefined {
  let encloser = parentOf(name);
  while (encloser !== undefined && !zone.nodes.has(encloser)) encloser = parentOf(encloser);
  return encloser === undefined ? undefined : zone.nodes.get(below("*", encloser));
}

function finish(zones: ZoneSet, zone: Zone, chain: OwnedSet[], step: Step, at: Name): Reply {
  const base = {
    code: responseCodes.NOERROR,
    authoritative: true,
    answers: chain,
    authorities: [],
    glue: [],
    additionals: [],
  };
  if (step.kind === "data" || step.kind === "alias") {
    const answers = [...chain, { name: at, ...step.set }];
    return { ...base, answers, additionals: additionalsOf(zones, answers) };
  }
  if (step.kind === "any") {
    return {
      ...base,
      answers: [...chain, { name: at, type: recordTypes.HINFO, ttl: anyTtl, data: [anyData] }],
    };
  }
  if (step.kind === "referral") {
    return {
      ...base,
      authoritative: chain.length > 0,
      authorities: [{ name: step.at, ...step.servers }],
      glue: glueOf(zone, step.servers),
      unresolved: at,
    };
  }
  const code = step.kind === "no name" ? responseCodes.NXDOMAIN : responseCodes.NOERROR;
  return { ...base, code, authorities: negative(zone) };
}

function endOfChain(chain: readonly OwnedSet[], unresolved?: Name): Reply {
  return {
    code: responseCodes.NOERROR,
    authoritative: true,
    answers: chain,
    authorities: [],
    glue: [],
    additionals: [],
    ...(unresolved !== undefined && { unresolved }),
  };
}

function negative(zone: Zone): OwnedSet[] {
  const soa = zone.nodes.get(zone.name)?.get(recordTypes.SOA);
  const data = soa?.data[0];
  if (soa === undefined || data === undefined) return [];
  return [{ name: zone.name, ...soa, ttl: negativeTtlOf(soa.ttl, data) }];
}

/** Addresses of name servers that lie in the zone itself, those below the delegation among them. */
function glueOf(zone: Zone, servers: RecordSet): OwnedSet[] {
  return servers.data
    .flatMap((data) => namesInData(recordTypes.NS, data))
    .flatMap((name) => addressesOf(zone, name));
}
