import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { queryFor } from "../test/packets.ts";
import { readMessage, dataIn } from "./message.ts";
import { MessageWriter, type OwnedSet } from "./message-writer.ts";
import {
  below,
  isWithin,
  labelsOf,
  type Name,
  nameToWire,
  parentOf,
  parseName,
  writtenByte,
} from "./name.ts";
import { recordTypes } from "./record-type.ts";
import { isNewerSerial } from "./soa.ts";
import { WireError, WireReader } from "./wire-reader.ts";

/** Labels of any bytes. */
const label = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => [...bytes].map((byte) => writtenByte(byte)).join(""));
const anyName: fc.Arbitrary<Name> = fc.array(label, { maxLength: 6 }).map((labels) => labels.join("."));
/** Few labels, so that names share suffixes. */
const likelyName: fc.Arbitrary<Name> = fc
  .array(fc.constantFrom("a", "b", "example", "org"), { maxLength: 5 })
  .map((labels) => labels.join("."));

describe("names", () => {
  test("are the same after wire form and back, for all bytes in labels", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const wire = nameToWire(name);
        const reader = new WireReader(wire);
        assert.equal(reader.readName(), name);
        assert.equal(reader.left, 0);
        assert.equal(parseName(`${name}.`), name === "" ? "" : name);
      }),
    );
  });

  test("are refused when only a long chain of pointers leads to them", () => {
    const chained = (count: number): WireReader => {
      const pointers = Array.from({ length: count }, (_, index) => [0xc0, Math.max(0, index * 2 - 1)]);
      const bytes = Uint8Array.from([0, ...pointers.flat()]);
      return new WireReader(bytes, bytes.length - 2);
    };
    assert.equal(chained(100).readName(), "");
    assert.throws(() => chained(128).readName(), WireError);
    assert.throws(() => chained(128).skipName(), WireError);
  });

  test("are taken apart at dots that are no part of a label", () => {
    const name = parseName("a\\.b.c\\\\.d") ?? "";
    assert.deepEqual(labelsOf(name), ["a\\.b", "c\\\\", "d"]);
    assert.equal(parentOf(name), "c\\\\.d");
    assert.equal(parentOf("d"), "");
    assert.equal(parentOf(""), undefined);
    assert.equal(below("x", ""), "x");
    assert.ok(isWithin(name, "d") && isWithin(name, "") && !isWithin("xd", "d") && !isWithin("d", "c.d"));
    assert.ok(!isWithin("a\\.b", "b"), "an escaped dot separates nothing");
  });

  test("that are none are refused", () => {
    const wrong = ["", "a..b", ".a", "\\", "\\25", "\\256", "a".repeat(64), "a.".repeat(128)];
    for (const text of wrong) assert.equal(parseName(text), undefined, text);
    assert.equal(parseName("WWW", "example.org"), "www.example.org");
    assert.equal(parseName("www.", "example.org"), "www");
    assert.equal(parseName("@", "example.org"), "example.org");
  });
});

describe("messages", () => {
  test("say the same with compression as they were given", () => {
    const { A, MX, SOA, SRV } = recordTypes;
    const data = (type: number, target: Name): Uint8Array => {
      const head = { [A]: 0, [MX]: 2, [SOA]: 0, [SRV]: 6 }[type] ?? 0;
      const tail = type === SOA ? [...nameToWire(target), ...Buffer.alloc(20, 7)] : [];
      if (type === A) return Uint8Array.of(1, 2, 3, target.length & 255);
      return Uint8Array.from([...Buffer.alloc(head, 1), ...nameToWire(target), ...tail]);
    };
    const set = fc.record({ name: likelyName, type: fc.constantFrom(A, MX, SOA, SRV), target: likelyName });
    fc.assert(
      fc.property(likelyName, fc.array(set, { maxLength: 12 }), (question, sets) => {
        const writer = new MessageWriter(4096);
        writer.question(queryFor(question === "" ? "." : question, "A").subarray(12));
        const given = sets.map(({ name, type, target }): OwnedSet => ({
          name,
          type,
          ttl: 5,
          data: [data(type, target)],
        }));
        for (const each of given) assert.ok(writer.set("answers", each));
        const message = readMessage(writer.finish());
        const found = message.answers.map((record) => ({
          name: record.name,
          type: record.type,
          ttl: record.ttl,
          data: [dataIn(message, record, true)],
        }));
        assert.deepEqual(found, given);
      }),
    );
  });

  test("take a set whole or not at all, and stay within their limit", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 400 }),
        fc.array(likelyName, { maxLength: 20 }),
        (limit, names) => {
          const writer = new MessageWriter(limit);
          const taken = names.filter((name) =>
            writer.set("answers", {
              name,
              type: recordTypes.NS,
              ttl: 1,
              data: [nameToWire(below("x", name)), nameToWire(below("y", name))],
            }),
          );
          const bytes = writer.finish();
          assert.ok(bytes.length <= limit);
          const { answers } = readMessage(bytes);
          assert.deepEqual(
            answers.map(({ name }) => name),
            taken.flatMap((name) => [name, name]),
          );
        },
      ),
    );
  });

  test("with pointers forward, in circles or into nothing are refused", () => {
    const at = (...bytes: number[]) => Uint8Array.from(bytes);
    for (const bytes of [
      at(0xc0, 0),
      at(0xc0, 5),
      at(1, 0x61, 0xc0, 0),
      at(0xc0),
      at(0x40, 1),
      at(0x80, 1),
      at(5, 1),
    ]) {
      assert.throws(() => new WireReader(bytes).readName(), WireError);
    }
    const chain = at(1, 0x61, 0, 0xc0, 0, 0xc0, 3);
    assert.equal(new WireReader(chain, 5).readName(), "a");
  });

  test("with data that do not fit their type are refused", () => {
    const wrong: readonly (readonly [number, number[]])[] = [
      [recordTypes.A, [1, 2, 3]],
      [recordTypes.AAAA, [1, 2, 3, 4]],
      [recordTypes.MX, [0]],
      [recordTypes.MX, [0, 1, 0, 0]],
      [recordTypes.TXT, [3, 1]],
      [recordTypes.TXT, []],
      [recordTypes.SOA, [0, 0, 1]],
      [recordTypes.CAA, [0, 0]],
      [recordTypes.HTTPS, [0, 1, 0, 0, 2, 0, 0, 0, 1, 0, 0]],
    ];
    for (const [type, bytes] of wrong) {
      const writer = new MessageWriter(512);
      writer.set("answers", { name: "a", type: 65_280, ttl: 0, data: [Uint8Array.from(bytes)] });
      const packet = writer.finish();
      packet.writeUInt16BE(type, 15);
      const message = readMessage(packet);
      const [record] = message.answers;
      assert.equal(record?.type, type);
      assert.throws(() => dataIn(message, record, true), WireError, `${type}: ${bytes.join(" ")}`);
    }
  });
});

test("serial numbers go around (RFC 1982)", () => {
  assert.ok(isNewerSerial(2, 1) && isNewerSerial(0, 0xffff_ffff) && isNewerSerial(0x7fff_ffff, 0));
  assert.ok(!isNewerSerial(1, 1) && !isNewerSerial(1, 2) && !isNewerSerial(0x8000_0000, 0));
});
