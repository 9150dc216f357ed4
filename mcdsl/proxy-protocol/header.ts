import { isIPv4, isIPv6 } from "node:net";
import { canonicalAddress } from "../address/canonical.ts";

/** Who connected to the proxy. */
export interface ProxiedClient {
  /** Canonical; an IPv4 address in IPv6 form is that IPv4 address. */
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  /** All that is there may begin a header. */
  | { readonly kind: "partial" }
  | { readonly kind: "invalid"; readonly found: string }
  /** `client` is undefined where the connection is the proxy's own, or from no IP address: its own address counts. */
  | { readonly kind: "complete"; readonly sizeBytes: number; readonly client: ProxiedClient | undefined };

/** Of a header with all its extensions; some senders add certificates' names and identifiers to the 52 bytes. */
export const maxHeaderBytes = 4_096;

const maxTextBytes = 107;
const textStart = Buffer.from("PROXY ");
const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
/** Signature, version and command, family and transport, length of the rest. */
const fixedBytes = 16;

/** Reads what a connection begins with as the header of the PROXY protocol, version 1 or 2 (haproxy.org,
 * proxy-protocol.txt, sections 2.1 and 2.2). Extensions are skipped, checksums too: TCP has its own. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsWith(bytes, textStart)) return parseText(bytes);
  if (beginsWith(bytes, signature)) return parseBinary(bytes);
  return invalid("it does not begin with a PROXY protocol header");
}

/** Whether it does, as far as there is something. */
function beginsWith(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function parseText(bytes: Buffer): ProxyHeader {
  const line = bytes.subarray(0, maxTextBytes);
  const end = line.indexOf("\n");
  if (end === -1)
    return bytes.length < maxTextBytes ? { kind: "partial" } : invalid("version 1: the line does not end");
  if (line[end - 1] !== 0x0d) return invalid("version 1: the line does not end with CR and LF");
  const text = line.toString("latin1", textStart.length, end - 1);
  const sizeBytes = end + 1;
  if (/^UNKNOWN(?: |$)/u.test(text)) return { kind: "complete", sizeBytes, client: undefined };
  const client = parseClient(text);
  return "found" in client ? invalid(`version 1: ${client.found}`) : { kind: "complete", sizeBytes, client };
}

function parseClient(text: string): ProxiedClient | { readonly found: string } {
  const [, protocol, source = "", destination = "", ...ports] = textForm.exec(text) ?? [];
  if (protocol === undefined) return { found: "not TCP4 or TCP6, two addresses and two ports, or UNKNOWN" };
  const isAddress = protocol === "4" ? isIPv4 : isPlainIPv6;
  if (!isAddress(source) || !isAddress(destination)) return { found: `no addresses of TCP${protocol}` };
  if (ports.some((port) => Number(port) > 65_535)) return { found: "a port beyond 65535" };
  return { address: canonicalAddress(source), port: Number(ports[0]) };
}

const textForm = /^TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/u;

function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes("%");
}

function parseBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length <= signature.length) return { kind: "partial" };
  const versionAndCommand = bytes.readUInt8(12);
  const isLocal = versionAndCommand === 0x20;
  if (!isLocal && versionAndCommand !== 0x21) return invalid("version 2: no such version or command");
  if (bytes.length < fixedBytes) return { kind: "partial" };
  const sizeBytes = fixedBytes + bytes.readUInt16BE(14);
  if (sizeBytes > maxHeaderBytes)
    return invalid(`version 2: a header of ${sizeBytes} bytes; ${maxHeaderBytes} are the most`);
  const address = isLocal ? noAddress : parseFamily(bytes.readUInt8(13));
  if (address === undefined) return invalid("version 2: no such family or transport");
  if (sizeBytes < fixedBytes + address.blockBytes)
    return invalid("version 2: it is too short for its addresses");
  if (bytes.length < sizeBytes) return { kind: "partial" };
  return { kind: "complete", sizeBytes, client: readClient(bytes, address) };
}

/** How the client's address is written. */
interface AddressForm {
  /** 0: it says nothing of use. */
  readonly addressBytes: number;
  /** Of all addresses and ports. */
  readonly blockBytes: number;
}

const noAddress: AddressForm = { addressBytes: 0, blockBytes: 0 };
/** TCP over IPv4 and over IPv6. */
const addressForms: ReadonlyMap<number, AddressForm> = new Map([
  [0x11, { addressBytes: 4, blockBytes: 12 }],
  [0x21, { addressBytes: 16, blockBytes: 36 }],
]);

/** Of a valid form that is neither the connection's own address counts, as where nothing is specified. */
function parseFamily(familyAndTransport: number): AddressForm | undefined {
  const [family, transport] = [familyAndTransport >> 4, familyAndTransport & 15];
  if (family > 3 || transport > 2) return undefined;
  return addressForms.get(familyAndTransport) ?? noAddress;
}

function readClient(bytes: Buffer, { addressBytes, blockBytes }: AddressForm): ProxiedClient | undefined {
  if (addressBytes === 0) return undefined;
  const address = ipAddress(bytes.subarray(fixedBytes, fixedBytes + addressBytes));
  return { address, port: bytes.readUInt16BE(fixedBytes + blockBytes - 4) };
}

function ipAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return canonicalAddress(groups.join(":"));
}

function invalid(found: string): ProxyHeader {
  return { kind: "invalid", found };
}
