import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { maxHeaderBytes, parseProxyHeader } from "./header.ts";

const signature = "0d0a0d0a000d0a515549540a";

function binary(rest: string): Buffer {
  return Buffer.from(signature + rest.replaceAll(" ", ""), "hex");
}

const ipv4 = "cb007107 0a000001 d431 01bb";
const ipv6 = "20010db8000000000000000000000007 20010db8000000000000000000000001 d431 01bb";
const mapped = "00000000000000000000ffffcb007107 00000000000000000000ffff0a000001 d431 01bb";
const unix = "00".repeat(216);

type Client = readonly [address: string, port: number] | undefined;

const complete: readonly [string, Buffer, Client][] = [
  ["version 1, IPv4", Buffer.from("PROXY TCP4 203.0.113.7 10.0.0.1 54321 443\r\n"), ["203.0.113.7", 54_321]],
  [
    "version 1, IPv6",
    Buffer.from("PROXY TCP6 2001:DB8::7 2001:db8::1 54321 443\r\n"),
    ["2001:db8::7", 54_321],
  ],
  [
    "version 1, IPv4 in IPv6 form",
    Buffer.from("PROXY TCP6 ::ffff:203.0.113.7 ::ffff:10.0.0.1 0 65535\r\n"),
    ["203.0.113.7", 0],
  ],
  ["version 1, unknown", Buffer.from("PROXY UNKNOWN\r\n"), undefined],
  ["version 1, unknown with more", Buffer.from(`PROXY UNKNOWN ${"f".repeat(91)}\r\n`), undefined],
  ["version 2, IPv4", binary(`21 11 000c ${ipv4}`), ["203.0.113.7", 54_321]],
  ["version 2, IPv6", binary(`21 21 0024 ${ipv6}`), ["2001:db8::7", 54_321]],
  ["version 2, IPv4 in IPv6 form", binary(`21 21 0024 ${mapped}`), ["203.0.113.7", 54_321]],
  ["version 2 with extensions", binary(`21 11 0013 ${ipv4} 03000400000000`), ["203.0.113.7", 54_321]],
  ["version 2, the proxy's own", binary("20 00 0000"), undefined],
  ["version 2, the proxy's own, with addresses", binary(`20 11 000c ${ipv4}`), undefined],
  ["version 2, the proxy's own, of no known family", binary("20 ff 0001 00"), undefined],
  ["version 2, unspecified", binary(`21 00 000c ${ipv4}`), undefined],
  ["version 2, unspecified transport", binary("21 10 0000"), undefined],
  ["version 2, UDP", binary(`21 12 000c ${ipv4}`), undefined],
  ["version 2, of a Unix socket", binary(`21 31 00d8 ${unix}`), undefined],
];

describe("a header", () => {
  for (const [name, bytes, client] of complete) {
    test(`${name}: is read whole, byte by byte too, and not beyond`, () => {
      const expected = {
        kind: "complete",
        sizeBytes: bytes.length,
        client: client === undefined ? undefined : { address: client[0], port: client[1] },
      };
      assert.deepEqual(parseProxyHeader(bytes), expected);
      assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, Buffer.from("\r\n\x16\x03\x01")])), expected);
      for (let size = 0; size < bytes.length; size += 1) {
        assert.deepEqual(parseProxyHeader(bytes.subarray(0, size)), { kind: "partial" }, `${size} bytes`);
      }
    });
  }
});

const invalid: readonly [string, Buffer][] = [
  ["TLS without a header", Buffer.from("16030100", "hex")],
  ["HTTP", Buffer.from("POST / HTTP/1.1\r\n")],
  ["the name in small letters", Buffer.from("proxy TCP4 203.0.113.7 10.0.0.1 1 2\r\n")],
  ["no protocol", Buffer.from("PROXY \r\n")],
  ["UDP4", Buffer.from("PROXY UDP4 203.0.113.7 10.0.0.1 1 2\r\n")],
  ["two spaces", Buffer.from("PROXY TCP4  203.0.113.7 10.0.0.1 1 2\r\n")],
  ["a space at the end", Buffer.from("PROXY TCP4 203.0.113.7 10.0.0.1 1 2 \r\n")],
  ["a port too few", Buffer.from("PROXY TCP4 203.0.113.7 10.0.0.1 1\r\n")],
  ["a port too large", Buffer.from("PROXY TCP4 203.0.113.7 10.0.0.1 65536 2\r\n")],
  ["a port with a zero before", Buffer.from("PROXY TCP4 203.0.113.7 10.0.0.1 01 2\r\n")],
  ["a port with a sign", Buffer.from("PROXY TCP4 203.0.113.7 10.0.0.1 +1 2\r\n")],
  ["an address with a zero before", Buffer.from("PROXY TCP4 203.0.113.07 10.0.0.1 1 2\r\n")],
  ["an address of the other family", Buffer.from("PROXY TCP4 2001:db8::7 10.0.0.1 1 2\r\n")],
  ["a destination that is none", Buffer.from("PROXY TCP6 2001:db8::7 10.0.0.1 1 2\r\n")],
  ["an address with a zone", Buffer.from("PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n")],
  ["LF alone", Buffer.from("PROXY TCP4 203.0.113.7 10.0.0.1 1 2\n")],
  ["LF alone after UNKNOWN", Buffer.from("PROXY UNKNOWN\n")],
  ["a line that does not end", Buffer.from(`PROXY UNKNOWN ${"f".repeat(93)}`)],
  ["a line too long", Buffer.from(`PROXY UNKNOWN ${"f".repeat(92)}\r\n`)],
  ["another version", binary("11")],
  ["another command", binary("22")],
  ["another family", binary("21 41 0000")],
  ["another transport", binary("21 13 0000")],
  ["too short for IPv4", binary("21 11 000b")],
  ["too short for IPv6", binary("21 21 0023")],
  ["too long", binary(`21 11 ${(maxHeaderBytes - 15).toString(16).padStart(4, "0")}`)],
];

describe("what is no header", () => {
  for (const [name, bytes] of invalid) {
    test(`${name}: is told as soon as it can be`, () => {
      const { kind } = parseProxyHeader(bytes);
      assert.equal(kind, "invalid");
    });
  }

  test("nor is anything else, whatever it is", () => {
    for (let first = 0; first < 256; first += 1) {
      const { kind } = parseProxyHeader(Buffer.from([first]));
      assert.equal(kind, first === 0x50 || first === 0x0d ? "partial" : "invalid", `${first}`);
    }
  });
});
