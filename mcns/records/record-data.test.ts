import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { isZoneTypeName, type ZoneTypeName } from "../wire/record-type.ts";
import { formatData, parseData } from "./record-data.ts";
import { type ManagedType, managedTypes, readDataText, readOwner, readType } from "./record-text.ts";
import { readEntries } from "./tokens.ts";

const zone = "example.org";

function canonical(type: ZoneTypeName, text: string): string {
  const [entry] = readEntries(text).entries;
  return formatData(type, parseData(type, entry?.tokens ?? [], zone));
}

const written: readonly [type: ZoneTypeName, given: string, canonical: string][] = [
  ["A", "192.0.2.7", "192.0.2.7"],
  ["AAAA", "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["AAAA", "::ffff:192.0.2.1", "::ffff:c000:201"],
  ["AAAA", "::", "::"],
  ["AAAA", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ["AAAA", "fe80:0:1:2:3:4:5:6", "fe80:0:1:2:3:4:5:6"],
  ["CNAME", "WWW", "www.example.org."],
  ["CNAME", "@", "example.org."],
  ["NS", "ns1.example.net.", "ns1.example.net."],
  ["PTR", "host", "host.example.org."],
  ["MX", "10 mail", "10 mail.example.org."],
  ["MX", "0 .", "0 ."],
  ["TXT", '"v=spf1 -all"', '"v=spf1 -all"'],
  ["TXT", "word", '"word"'],
  ["TXT", '""', '""'],
  ["TXT", String.raw`"a\"b\\c\007" "ü"`, String.raw`"a\"b\\c\007" "\195\188"`],
  ["TXT", `"${"x".repeat(300)}"`, `"${"x".repeat(255)}" "${"x".repeat(45)}"`],
  ["SRV", "0 5 5060 _sip", "0 5 5060 _sip.example.org."],
  ["CAA", '0 issue "ca.example.net; account=1"', '0 issue "ca.example.net; account=1"'],
  ["CAA", "128 iodef mailto:a@example.org", '128 iodef "mailto:a@example.org"'],
  ["HTTPS", "0 other.example.net.", "0 other.example.net."],
  [
    "HTTPS",
    '1 . port=8443 alpn="h2,h3" ipv6hint=2001:DB8::1 ipv4hint=192.0.2.1,192.0.2.2 mandatory=port,alpn',
    "1 . mandatory=alpn,port alpn=h2,h3 port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1",
  ],
  ["HTTPS", String.raw`1 . alpn="f\\\\oo\\,bar,h2"`, String.raw`1 . alpn="f\\\\oo\\,bar,h2"`],
  ["HTTPS", '1 . key667="hello\\210qoo" ech=AEj+', '1 . ech=AEj+ key667="hello\\210qoo"'],
  ["SOA", "ns1 hostmaster 7 1h 10m 2w 60", "ns1.example.org. hostmaster.example.org. 7 3600 600 1209600 60"],
];

for (const [type, given, expected] of written) {
  test(`${type} ${given.slice(0, 60)} is kept as ${expected.slice(0, 60)}`, () => {
    assert.equal(canonical(type, given), expected);
    assert.equal(canonical(type, expected), expected);
  });
}

const wrong: readonly [type: ManagedType, given: string, found: RegExp, column: number][] = [
  ["A", "2001:db8::1", /no IPv4 address; an IPv6 address is an AAAA record/u, 1],
  ["A", "192.0.2.256", /no IPv4 address/u, 1],
  ["A", "192.0.2.1 192.0.2.2", /a word too many; A data look like 192\.0\.2\.7/u, 11],
  ["A", "", /incomplete/u, 1],
  ["AAAA", "fe80::1%eth0", /no IPv6 address/u, 1],
  ["MX", "mail.example.org.", /incomplete; MX data look like 10 mail/u, 1],
  ["MX", "70000 mail", /the preference must be a number from 0 to 65535, not "70000"/u, 1],
  ["CNAME", "bücher.example.", /not ASCII; write it in its ASCII form, which begins with "xn--"/u, 2],
  ["CNAME", "a..b", /empty label/u, 1],
  ["CNAME", `${"a".repeat(64)}.b`, /more than 63 characters/u, 1],
  ["CNAME", "a b", /a word too many/u, 3],
  ["CNAME", "foo:bar", /":" cannot be in a name/u, 4],
  ["TXT", "v=spf1 -all", /blanks between its words would be lost; put the text in quotes/u, 1],
  ["TXT", "v=DKIM1; k=rsa", /semicolon stands outside of quotes/u, 8],
  ["TXT", '"open', /quote that opens here is not closed/u, 1],
  ["TXT", String.raw`"\300"`, /\\300 is no byte/u, 1],
  ["TXT", '"a"\n"b"', /more than one line/u, 1],
  ["CAA", "0 is-sue x", /no property/u, 3],
  ["HTTPS", "1 . alpn=h2 alpn=h3", /alpn is there twice/u, 5],
  ["HTTPS", "1 . no-default-alpn", /no-default-alpn needs alpn/u, 5],
  ["HTTPS", "1 . mandatory=port alpn=h2", /mandatory names port, which is missing/u, 5],
  ["HTTPS", "1 . key3=443", /key3 has a name; write it as port/u, 5],
  ["HTTPS", "1 . colour=red", /no parameter "colour"/u, 5],
  ["HTTPS", '1 . alpn="h2,,h3"', /empty protocol name/u, 5],
];

for (const [type, given, found, column] of wrong) {
  test(`${type} ${JSON.stringify(given.slice(0, 40))} is refused with its reason and place`, () => {
    assert.throws(
      () => readDataText(type, given, zone),
      (error) => {
        assert.ok(error instanceof DetailedError);
        assert.equal(error.code, "RECORD_DATA_INVALID");
        assert.match(error.message, found);
        assert.equal(error.facts["column"], String(column));
        return true;
      },
    );
  });
}

test("owner names are relative to the zone, and wildcards stand in front", () => {
  assert.equal(readOwner("@", zone), "example.org");
  assert.equal(readOwner("_sip._TCP", zone), "_sip._tcp.example.org");
  assert.equal(readOwner("*.a", zone), "*.a.example.org");
  assert.equal(readOwner("other.net.", zone), "other.net");
  assert.equal(readOwner(String.raw`a\.b`, zone), String.raw`a\.b.example.org`);
  for (const name of ["a.*", "a*b", "*a", ""]) {
    assert.throws(() => readOwner(name, zone), { code: "RECORD_NAME_INVALID" });
  }
});

test("types are those that people manage, in any case", () => {
  assert.equal(readType("aaaa"), "AAAA");
  assert.throws(() => readType("SOA"), /the SOA record belongs to the zone/u);
  assert.throws(() => readType("SPF"), { code: "RECORD_TYPE_UNKNOWN" });
});

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const label = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((raw) => Uint8Array.of(raw.length, ...Array.from(raw, (byte) => lower(byte))));
const lower = (byte: number): number => (byte >= 65 && byte <= 90 ? byte + 32 : byte);
const wireName = fc
  .array(label, { maxLength: 5 })
  .map((labels) => Buffer.concat([...labels, Uint8Array.of(0)]));
const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const join = (...parts: fc.Arbitrary<Uint8Array>[]) => fc.tuple(...parts).map((each) => Buffer.concat(each));
const counted = (maxLength: number) => bytes(maxLength).map((raw) => Uint8Array.of(raw.length, ...raw));
const parameters = fc
  .uniqueArray(fc.integer({ min: 8, max: 65_534 }), { maxLength: 5 })
  .map((keys) => keys.toSorted((a, b) => a - b))
  .chain((keys) => fc.tuple(...keys.map((key) => bytes(20).map((value) => parameter(key, value)))))
  .map((parts) => Buffer.concat(parts));
function parameter(key: number, value: Uint8Array): Uint8Array {
  return Uint8Array.of(key >> 8, key & 255, 0, value.length, ...value);
}

const wireData: Readonly<Record<ManagedType, fc.Arbitrary<Uint8Array>>> = {
  A: fixed(4),
  AAAA: fixed(16),
  CAA: join(fixed(1), fc.constant(Uint8Array.of(5, 0x69, 0x73, 0x73, 0x75, 0x65)), bytes(40)),
  CNAME: wireName,
  HTTPS: join(fixed(2), wireName, parameters),
  MX: join(fixed(2), wireName),
  NS: wireName,
  PTR: wireName,
  SRV: join(fixed(6), wireName),
  SVCB: join(fixed(2), wireName, parameters),
  TXT: fc.array(counted(255), { minLength: 1, maxLength: 4 }).map((parts) => Buffer.concat(parts)),
};

for (const type of managedTypes) {
  test(`any data of a ${type} record come back from their text`, () => {
    assert.ok(isZoneTypeName(type));
    fc.assert(
      fc.property(wireData[type], (data) => {
        const text = formatData(type, data);
        assert.match(text, /^[\u0020-\u007e]*$/u);
        assert.deepEqual(Buffer.from(readDataText(type, text, zone)), Buffer.from(data));
      }),
      { numRuns: 300 },
    );
  });
}
