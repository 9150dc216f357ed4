import { recordTypes } from "./record-type.ts";
import { WireError, WireReader } from "./wire-reader.ts";

/** Where names are in the data of a type. */
interface NameLayout {
  /** Bytes before the first name. */
  readonly before: number;
  readonly names: number;
  /** Only names of the types of RFC 1035 may be compressed when written (RFC 3597, section 4). */
  readonly compressed: boolean;
}

const layouts: ReadonlyMap<number, NameLayout> = new Map([
  [recordTypes.NS, { before: 0, names: 1, compressed: true }],
  [recordTypes.CNAME, { before: 0, names: 1, compressed: true }],
  [recordTypes.PTR, { before: 0, names: 1, compressed: true }],
  [recordTypes.SOA, { before: 0, names: 2, compressed: true }],
  [recordTypes.MX, { before: 2, names: 1, compressed: true }],
  [recordTypes.SRV, { before: 6, names: 1, compressed: false }],
  [recordTypes.SVCB, { before: 2, names: 1, compressed: false }],
  [recordTypes.HTTPS, { before: 2, names: 1, compressed: false }],
]);

export function nameLayoutOf(type: number): NameLayout | undefined {
  return layouts.get(type);
}

/** Reads the data of a record out of a message and checks them where the type is known; what comes out has no
 * compression.
 * @param from at the data, and ending with them
 * @param lowerCase names in the data become lower case, the canonical form
 * @throws WireError */
export function readRecordData(type: number, from: WireReader, lowerCase: boolean): Uint8Array {
  const layout = layouts.get(type);
  if (layout === undefined) {
    const data = Uint8Array.from(from.take(from.left));
    checkData(type, new WireReader(data));
    return data;
  }
  const parts: Uint8Array[] = [from.take(layout.before)];
  for (let count = 0; count < layout.names; count++) parts.push(from.readNameBytes(lowerCase));
  const rest = from.take(from.left);
  checkRest(type, rest);
  parts.push(rest);
  return Uint8Array.from(Buffer.concat(parts));
}

function checkRest(type: number, rest: Uint8Array): void {
  if (type === recordTypes.SVCB || type === recordTypes.HTTPS) return checkParameters(new WireReader(rest));
  const expected = type === recordTypes.SOA ? 20 : 0;
  if (rest.length !== expected) throw new WireError("the data have the wrong length");
}

/** Service parameters have ascending keys (RFC 9460, section 2.2). */
function checkParameters(rest: WireReader): void {
  let last = -1;
  while (rest.left > 0) {
    const key = rest.u16();
    if (key <= last) throw new WireError("service parameters are out of order");
    last = key;
    rest.take(rest.u16());
  }
}

function checkData(type: number, data: WireReader): void {
  if (type === recordTypes.A) expectLength(data, 4);
  else if (type === recordTypes.AAAA) expectLength(data, 16);
  else if (type === recordTypes.TXT) {
    do data.take(data.u8());
    while (data.left > 0);
  } else if (type === recordTypes.CAA) {
    data.u8();
    const tag = data.u8();
    if (tag === 0) throw new WireError("a tag is empty");
    data.take(tag);
  }
}

function expectLength(data: WireReader, length: number): void {
  if (data.left !== length) throw new WireError("the data have the wrong length");
}

/** The domain names in the data of a record in canonical form; of SOA both. */
export function namesInData(type: number, data: Uint8Array): string[] {
  const layout = layouts.get(type);
  if (layout === undefined) return [];
  const reader = new WireReader(data, layout.before);
  return Array.from({ length: layout.names }, () => reader.readName());
}
