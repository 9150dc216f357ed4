import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { EncodedCache } from "../answer/encoded-cache.ts";
import type { Client, HandlePacket } from "../listen/client.ts";
import { createPacketHandler, type HandlerParts } from "../listen/packet-handler.ts";
import { QueryMetrics } from "../listen/query-metrics.ts";
import { formatData } from "../records/record-data.ts";
import { codeNameOf, flagBits } from "../wire/code.ts";
import { dataIn, type Message, type MessageRecord } from "../wire/message.ts";
import { nameToWire, parseName } from "../wire/name.ts";
import { isZoneTypeName, recordTypes, type RecordTypeName, typeNameOf } from "../wire/record-type.ts";
import type { ServedZones } from "./served-zones.ts";

/** The handler of a server, without sockets. */
export function handlerOf(zones: ServedZones, changes: Partial<HandlerParts> = {}): HandlePacket {
  const cache = new EncodedCache({ entries: 10_000, bytes: 16 * 1024 * 1024 });
  zones.store.onChange(() => cache.clear());
  return createPacketHandler({
    source: zones.store,
    keys: zones.keys,
    cache,
    metrics: new QueryMetrics(),
    clock: systemClock,
    logger: zones.log.logger,
    ...changes,
  });
}

export const udpClient: Client = { address: "127.0.0.1", transport: "udp" };
export const tcpClient: Client = { address: "127.0.0.1", transport: "tcp" };

/** A query; upper case of the name stays. */
export function queryFor(
  name: string,
  type: RecordTypeName,
  options: { id?: number; edns?: number; flags?: number; class?: number } = {},
): Buffer {
  const { id = 1, edns, flags = 0, class: kind = 1 } = options;
  const wire = nameToWire(parseName(name) ?? "");
  let at = 0;
  // Names are kept in lower case; put back what the caller wrote.
  for (const byte of Buffer.from(name, "latin1")) {
    at += 1;
    if (byte >= 0x41 && byte <= 0x5a) wire[at] = byte;
  }
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(edns === undefined ? 0 : 1, 10);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(recordTypes[type], 0);
  tail.writeUInt16BE(kind, 2);
  const opt = Buffer.alloc(edns === undefined ? 0 : 11);
  if (edns !== undefined) {
    opt.writeUInt16BE(recordTypes.OPT, 1);
    opt.writeUInt16BE(edns, 3);
  }
  return Buffer.concat([head, wire, tail, opt]);
}

/** A message in words, as `dig` would put it. */
export function shown(message: Message): string[] {
  const flags = Object.entries(flagNames).filter(([, bit]) => (message.flags & bit) !== 0);
  const names = flags.map(([name]) => name).join(" ");
  return [
    `status: ${codeNameOf(message.code)}, flags: ${names}${message.edns === undefined ? "" : ", edns"}`,
    ...section(message, "answer", message.answers),
    ...section(message, "authority", message.authorities),
    ...section(message, "additional", message.additionals),
  ];
}

const flagNames = {
  aa: flagBits.authoritative,
  tc: flagBits.truncated,
  rd: flagBits.recursionDesired,
  ra: flagBits.recursionAvailable,
};

function section(message: Message, title: string, records: readonly MessageRecord[]): string[] {
  return records.map((record) => {
    const type = typeNameOf(record.type);
    const data = dataIn(message, record, false);
    const text = isZoneTypeName(type) ? formatData(type, data) : `\\# ${Buffer.from(data).toString("hex")}`;
    return `${title}: ${record.name}. ${record.ttl} ${type} ${text}`;
  });
}
