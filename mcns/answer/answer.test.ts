import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { HandlePacket } from "../listen/client.ts";
import { handlerOf, queryFor, shown, udpClient } from "../test/packets.ts";
import { createServedZones, type ServedZones } from "../test/served-zones.ts";
import { readMessage } from "../wire/message.ts";
import type { RecordTypeName } from "../wire/record-type.ts";

const golden = new URL("../test/golden/answers.txt", import.meta.url);

/** Each is answered as the golden file says. */
const questions: readonly (readonly [string, RecordTypeName, string])[] = [
  ["www.example.org", "A", "the records of a name and type"],
  ["wWw.eXample.ORG", "A", "upper and lower case are the same, and come back as they were"],
  ["www.example.org", "MX", "a name without the type: SOA record in the authority section"],
  ["nothing.example.org", "A", "a name that does not exist"],
  ["ent.example.org", "A", "an empty non-terminal exists, without data"],
  ["deep.ent.example.org", "A", "what is below an empty non-terminal"],
  ["example.org", "SOA", "the SOA record"],
  ["example.org", "NS", "servers, with the addresses that are known"],
  ["example.org", "MX", "mail servers with their addresses"],
  ["example.org", "TXT", "two strings"],
  ["example.org", "CAA", "who may issue certificates"],
  ["_sip._udp.example.org", "SRV", "services with the addresses of their hosts"],
  ["svc.example.org", "HTTPS", "service bindings with the addresses of their owner"],
  ["alias.example.org", "A", "an alias with what it leads to"],
  ["alias.example.org", "CNAME", "the alias itself"],
  ["chain.example.org", "AAAA", "an alias of an alias"],
  ["cross.example.org", "A", "an alias into another own zone"],
  ["outside.example.org", "A", "an alias to elsewhere ends there"],
  ["dangling.example.org", "A", "an alias to a name that does not exist"],
  ["loop1.example.org", "A", "aliases in a circle end"],
  ["any.wild.example.org", "A", "a wildcard"],
  ["a.b.wild.example.org", "TXT", "a wildcard stands for several labels"],
  ["any.wild.example.org", "MX", "a wildcard without the type"],
  ["real.wild.example.org", "TXT", "a name that exists is not covered by a wildcard"],
  ["x.real.wild.example.org", "A", "nor is what would be below it"],
  ["*.wild.example.org", "A", "a wildcard asked for by its name"],
  ["x.alias-wild.example.org", "A", "a wildcard that is an alias"],
  ["sub.example.org", "A", "a delegated name: referral with glue"],
  ["deep.below.sub.example.org", "AAAA", "a name below a delegation"],
  ["sub.example.org", "NS", "the servers of a delegation are no answer of ours"],
  ["www.example.org", "ANY", "all types at once are not given (RFC 8482)"],
  ["_udp.example.org", "ANY", "a name between others has none of all types"],
  ["80.2.0.192.in-addr.arpa", "PTR", "a reverse zone"],
  ["99.2.0.192.in-addr.arpa", "PTR", "an address without a name"],
  ["www.example.com", "A", "a name of nobody's zone"],
  [".", "NS", "the root"],
];

describe("answers from zones", () => {
  let zones: ServedZones;
  let handle: HandlePacket;
  before(async () => {
    zones = await createServedZones();
    for (const name of ["example.org", "other.test", "2.0.192.in-addr.arpa"]) {
      zones.add(name, readFileSync(new URL(`../test/zones/${name}.zone`, import.meta.url), "utf8"));
    }
    handle = handlerOf(zones);
  });
  after(() => zones[Symbol.asyncDispose]());

  function ask(packet: Buffer): Buffer {
    const response = handle(packet, udpClient);
    assert.ok(Buffer.isBuffer(response));
    return response;
  }

  test("are those of the golden file", () => {
    const text = questions
      .map(([name, type, why]) => {
        const lines = shown(readMessage(ask(queryFor(name, type, { edns: 1232 }))));
        return [`; ${why}`, `${name} ${type}`, ...lines.map((line) => `  ${line}`), ""].join("\n");
      })
      .join("\n");
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, "utf8"));
  });

  test("are the same from the cache of encoded answers, but for id, case and flags", () => {
    for (const [name, type] of questions) {
      const first = ask(queryFor(name, type, { id: 7 }));
      const upper = queryFor(name.toUpperCase(), type, { id: 0xbeef, flags: 0x0110 });
      const second = ask(upper);
      assert.equal(second.readUInt16BE(0), 0xbeef);
      assert.deepEqual(
        second.subarray(12, upper.length),
        upper.subarray(12),
        "the question is as it was sent",
      );
      const flags = second.readUInt16BE(2);
      assert.equal(flags & 0x0110, 0x0110, "RD and CD are those of the query");
      assert.deepEqual(shown({ ...readMessage(second), flags: flags & ~0x0100 }), shown(readMessage(first)));
    }
  });

  test("follow a change of the zone at once", () => {
    const query = queryFor("fresh.example.org", "A");
    assert.equal(readMessage(ask(query)).code, 3);
    zones.insert("example.org", "fresh", "A", "192.0.2.222");
    assert.deepEqual(shown(readMessage(ask(query))), [
      "status: NOERROR, flags: aa",
      "answer: fresh.example.org. 300 A 192.0.2.222",
    ]);
  });
});
