import type { ResourceRecord, StartOfAuthority } from "../zone/zone.ts";
import { type Name, nameToWire } from "./name.ts";
import { recordTypes } from "./record-type.ts";
import { WireReader } from "./wire-reader.ts";

/** The SOA record of a zone. */
export function soaRecord(zone: Name, soa: StartOfAuthority): ResourceRecord {
  const numbers = Buffer.alloc(20);
  const values = [soa.serial, soa.refresh, soa.retry, soa.expire, soa.negativeTtl];
  for (const [index, value] of values.entries()) numbers.writeUInt32BE(value, index * 4);
  const data = Buffer.concat([nameToWire(soa.primary), nameToWire(soa.contact), numbers]);
  return { name: zone, type: recordTypes.SOA, ttl: soa.ttl, data: Uint8Array.from(data) };
}

/** The serial number in the data of an SOA record. */
export function serialOf(data: Uint8Array): number {
  const reader = new WireReader(data);
  reader.skipName();
  reader.skipName();
  return reader.u32();
}

/** How long a negative answer with this SOA record may be kept, in seconds (RFC 2308, section 5). */
export function negativeTtlOf(ttl: number, data: Uint8Array): number {
  const reader = new WireReader(data, data.length - 4);
  return Math.min(ttl, reader.u32());
}

/** Whether a serial number is newer than another (RFC 1982). */
export function isNewerSerial(serial: number, than: number): boolean {
  const distance = (serial - than) >>> 0;
  return distance !== 0 && distance < 0x8000_0000;
}
