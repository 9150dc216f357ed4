import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { type DnsServer, startDnsServer } from "../listen/dns-server.ts";
import { type Outcome, run } from "./processes.ts";
import { createServedZones, dnsSettings, type ServedZones, testKey } from "./served-zones.ts";

const zone = "example.org";
const otherKey = { ...testKey, name: "other.key", algorithm: "hmac-sha512" } as const;

/** What `nsupdate` sends, what it is told, and what is there afterwards: names and types as `dig +short` shows them. */
const cases: readonly {
  readonly what: string;
  readonly lines: readonly string[];
  /** Undefined: it is done. */
  readonly refusal?: RegExp;
  readonly leaves: Readonly<Record<string, readonly string[]>>;
}[] = [
  {
    what: "adds records, several at once",
    lines: ["update add new.example.org 60 A 192.0.2.5", 'update add new.example.org 60 TXT "a b" "c"'],
    leaves: { "new.example.org A": ["192.0.2.5"], "new.example.org TXT": ['"a b" "c"'] },
  },
  {
    what: "adds a record to a set, and the same one once only",
    lines: ["update add new.example.org 90 A 192.0.2.6", "update add new.example.org 90 A 192.0.2.5"],
    leaves: { "new.example.org A": ["192.0.2.5", "192.0.2.6"] },
  },
  {
    what: "deletes one record",
    lines: ["update delete new.example.org A 192.0.2.5"],
    leaves: { "new.example.org A": ["192.0.2.6"] },
  },
  {
    what: "deletes all records of a type",
    lines: ["update delete new.example.org TXT"],
    leaves: { "new.example.org A": ["192.0.2.6"], "new.example.org TXT": [] },
  },
  {
    what: "deletes all records of a name",
    lines: ["update delete new.example.org"],
    leaves: { "new.example.org A": [] },
  },
  {
    what: "keeps the SOA and NS records of the zone",
    lines: ["update delete example.org", "update delete example.org NS"],
    leaves: { "example.org NS": ["ns1.example.org.", "ns2.example.net."], "example.org MX": [] },
  },
  {
    what: "puts no alias beside other records, silently",
    lines: ["update add www.example.org 60 CNAME mail.example.org."],
    leaves: { "www.example.org A": ["192.0.2.80", "192.0.2.81"] },
  },
  {
    what: "puts one alias in the place of another",
    lines: ["update add alias.example.org 60 CNAME mail.example.org."],
    leaves: { "alias.example.org CNAME": ["mail.example.org."] },
  },
  {
    what: "does what follows prerequisites that hold",
    lines: [
      "prereq nxdomain if.example.org",
      "prereq yxdomain www.example.org",
      "prereq yxrrset www.example.org AAAA",
      "prereq nxrrset www.example.org MX",
      "prereq yxrrset ns1.example.org A 192.0.2.1",
      "update add if.example.org 60 A 192.0.2.7",
    ],
    leaves: { "if.example.org A": ["192.0.2.7"] },
  },
  {
    what: "does nothing when a name is there that must not be",
    lines: ["prereq nxdomain www.example.org", "update delete if.example.org"],
    refusal: /YXDOMAIN/,
    leaves: { "if.example.org A": ["192.0.2.7"] },
  },
  {
    what: "does nothing when a name is missing",
    lines: ["prereq yxdomain missing.example.org", "update delete if.example.org"],
    refusal: /NXDOMAIN/,
    leaves: { "if.example.org A": ["192.0.2.7"] },
  },
  {
    what: "does nothing when an empty non-terminal is taken for a name with records",
    lines: ["prereq yxdomain ent.example.org", "update delete if.example.org"],
    refusal: /NXDOMAIN/,
    leaves: { "if.example.org A": ["192.0.2.7"] },
  },
  {
    what: "does nothing when a set is there that must not be",
    lines: ["prereq nxrrset www.example.org A", "update delete if.example.org"],
    refusal: /YXRRSET/,
    leaves: { "if.example.org A": ["192.0.2.7"] },
  },
  {
    what: "does nothing when a set is not exactly as expected",
    lines: ["prereq yxrrset www.example.org A 192.0.2.80", "update delete if.example.org"],
    refusal: /NXRRSET/,
    leaves: { "if.example.org A": ["192.0.2.7"] },
  },
  {
    what: "does all or nothing",
    lines: ["update add half.example.org 60 A 192.0.2.8", "update add other.test 60 A 192.0.2.8"],
    refusal: /NOTZONE/,
    leaves: { "half.example.org A": [] },
  },
  {
    what: "refuses owner names that the API could not show",
    lines: ["update add half.example.org 60 A 192.0.2.8", "update add odd\\@name.example.org 60 TXT odd"],
    refusal: /REFUSED/,
    leaves: { "half.example.org A": [] },
  },
  {
    what: "adds wildcards",
    lines: ["update add *.new.example.org 60 A 192.0.2.8"],
    leaves: { "anything.new.example.org A": ["192.0.2.8"] },
  },
  {
    what: "refuses types that zones do not hold",
    lines: ["update add half.example.org 60 A 192.0.2.8", "update add half.example.org 60 LOC 1 N 1 E 1m"],
    refusal: /REFUSED/,
    leaves: { "half.example.org A": [] },
  },
];

describe("dynamic updates", () => {
  const resources = new AsyncDisposableStack();
  let zones: ServedZones;
  let server: DnsServer;
  before(async () => {
    zones = resources.use(await createServedZones([testKey, otherKey]));
    const read = (name: string): string =>
      readFileSync(new URL(`zones/${name}.zone`, import.meta.url), "utf8");
    zones.add(zone, read(zone), { updateKeys: [testKey.name] });
    zones.add("other.test", read("other.test"));
    server = resources.use(
      await startDnsServer({
        settings: dnsSettings(),
        source: zones.store,
        keys: zones.keys,
        clock: systemClock,
        logger: zones.log.logger,
      }),
    );
  });
  after(() => resources.disposeAsync());

  const port = (): string => String(server.addresses[0]?.port);
  const option = (key: { name: string; algorithm: string; secret: Uint8Array }): string =>
    `${key.algorithm}:${key.name}:${Buffer.from(key.secret).toString("base64")}`;

  function update(
    lines: readonly string[],
    key: string[] = ["-y", option(testKey)],
    of = zone,
  ): Promise<Outcome> {
    const input = [`server 127.0.0.1 ${port()}`, `zone ${of}`, ...lines, "send", ""].join("\n");
    return run("nsupdate", key, { input });
  }

  async function found(question: string): Promise<string[]> {
    const { output } = await run("dig", ["@127.0.0.1", "-p", port(), "+short", ...question.split(" ")]);
    return output.split("\n").filter(Boolean).toSorted();
  }

  const serial = (): number => zones.store.require(zone).serial;

  for (const { what, lines, refusal, leaves } of cases) {
    test(`of nsupdate: ${what}`, async () => {
      const before = serial();
      const { code, output } = await update(lines);
      assert.equal(code, refusal === undefined ? 0 : 2, output);
      if (refusal !== undefined) {
        assert.match(output, refusal);
        assert.equal(serial(), before, "nothing has changed");
      }
      for (const [question, data] of Object.entries(leaves))
        assert.deepEqual(await found(question), data, question);
    });
  }

  test("raise the serial number once for all changes of a message, and never for none", async () => {
    const before = serial();
    await update(["update add s1.example.org 60 A 192.0.2.9", "update add s2.example.org 60 A 192.0.2.9"]);
    const changes = zones.store.changes(zone, before);
    assert.equal(changes?.length, 1);
    const since = serial();
    assert.notEqual(since, before);
    await update(["update add s1.example.org 60 A 192.0.2.9", "update delete none.example.org"]);
    assert.equal(serial(), since);
  });

  test("are refused unsigned, with another key, and for other zones", async () => {
    const change = ["update add bad.example.org 60 A 192.0.2.10"];
    assert.match((await update(change, [])).output, /REFUSED/);
    assert.match((await update(change, ["-y", option(otherKey)])).output, /REFUSED/);
    const forged = { ...testKey, secret: Buffer.alloc(32, 1) };
    assert.match((await update(change, ["-y", option(forged)])).output, /BADSIG/);
    const other = ["update add bad.other.test 60 A 192.0.2.10"];
    assert.match((await update(other, undefined, "other.test")).output, /REFUSED/);
    const unknown = ["update add bad.example.net 60 A 192.0.2.10"];
    assert.match((await update(unknown, undefined, "example.net")).output, /NOTAUTH/);
    assert.deepEqual(await found("bad.example.org A"), []);
  });
});
