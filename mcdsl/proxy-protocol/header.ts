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
  const [, protocol, ...rest] = line.toString("latin1", 0, end - 1).split(" ");
  const sizeBytes = end + 1;
  if (protocol === "UNKNOWN") return { kind: "complete", sizeBytes, client: undefined };
  const [source = "", destination = "", sourcePort = "", destinationPort = ""] = rest;
  const isAddress = protocol === "TCP4" ? isIPv4 : protocol === "TCP6" ? isPlainIPv6 : undefined;
  if (isAddress === undefined) return invalid("version 1: the protocol is none of TCP4, TCP6, UNKNOWN");
  if (rest.length !== 4) return invalid("version 1: not two addresses and two ports");
  if (!isAddress(source) || !isAddress(destination))
    return invalid(`version 1: no addresses of ${protocol ?? ""}`);
  if (!isPort(sourcePort) || !isPort(destinationPort)) return invalid("version 1: no port");
  return {
    kind: "complete",
    sizeBytes,
    client: { address: canonicalAddress(source), port: Number(sourcePort) },
  };
}

function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes("%");
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/u.test(text) && Number(text) <= 65_535;
}

function parseBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length <= signature.length) return { kind: "partial" };
  const versionAndCommand = bytes.readUInt8(12);
  const isLocal = versionAndCommand === 0x20;
  if (!isLocal && versionAndCommand !== 0x21) return invalid("version 2: no such version or command");
  if (bytes.length < fixedBytes) return { kind: "partial" };
  const [family, transport] = [bytes.readUInt8(13) >> 4, bytes.readUInt8(13) & 15];
  const sizeBytes = fixedBytes + bytes.readUInt16BE(14);
  if (sizeBytes > maxHeaderBytes)
    return invalid(`version 2: a header of ${sizeBytes} bytes; ${maxHeaderBytes} are the most`);
  if (!isLocal && (family > 3 || transport > 2)) return invalid("version 2: no such family or transport");
  const addressBytes = (isLocal || transport === 0 ? undefined : ipAddressBytes.get(family)) ?? 0;
  if (addressBytes > 0 && sizeBytes < fixedBytes + 2 * addressBytes + 4)
    return invalid("version 2: it is too short for its addresses");
  if (bytes.length < sizeBytes) return { kind: "partial" };
  if (addressBytes === 0 || transport !== stream) return { kind: "complete", sizeBytes, client: undefined };
  const client = {
    address: ipAddress(bytes.subarray(fixedBytes, fixedBytes + addressBytes)),
    port: bytes.readUInt16BE(fixedBytes + 2 * addressBytes),
  };
  return { kind: "complete", sizeBytes, client };
}

const stream = 1;
const ipAddressBytes: ReadonlyMap<number, number> = new Map([
  [1, 4],
  [2, 16],
]);

function ipAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return canonicalAddress(groups.join(":"));
}

function invalid(found: string): ProxyHeader {
  return { kind: "invalid", found };
}
