import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { captureLog } from "@metacircular/mcdsl/test/captured-log.ts";
import { bareReply } from "../answer/reply.ts";
import { Networks } from "../forward/networks.ts";
import { handlerOf, queryFor, shown, tcpClient, udpClient } from "../test/packets.ts";
import { createServedZones, type ServedZones } from "../test/served-zones.ts";
import { codeNameOf } from "../wire/code.ts";
import { readMessage } from "../wire/message.ts";
import type { HandlePacket } from "./client.ts";

const www = (): Buffer => queryFor("www.example.org", "A", { id: 0x1234 });

/** The packet with some bytes set. */
function withBytes(packet: Buffer, at: number, ...bytes: number[]): Buffer {
  const changed = Buffer.from(packet);
  changed.set(bytes, at);
  return changed;
}

function withEdns(version: number): Buffer {
  const packet = queryFor("www.example.org", "A", { edns: 4096 });
  return withBytes(packet, packet.length - 5, version);
}

const selfPointer = Buffer.concat([www().subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
const longLabel = Buffer.concat([
  www().subarray(0, 12),
  Buffer.alloc(70, 0x41),
  Buffer.from([0, 0, 1, 0, 1]),
]);
const twoQuestions = withBytes(Buffer.concat([www(), www().subarray(12)]), 5, 2);
const twoOpts = (() => {
  const packet = queryFor("www.example.org", "A", { edns: 1232 });
  return withBytes(Buffer.concat([packet, packet.subarray(-11)]), 11, 2);
})();

/** What is said to packets that are no plain queries; undefined: nothing. */
const cases: readonly (readonly [string, Buffer, string | undefined])[] = [
  ["nothing at all", Buffer.alloc(0), undefined],
  ["less than a header", www().subarray(0, 11), undefined],
  ["a response", withBytes(www(), 2, 0x80), undefined],
  ["a header alone that promises a question", www().subarray(0, 12), "FORMERR"],
  ["a name that ends too early", www().subarray(0, 20), "FORMERR"],
  ["a name that points to itself", selfPointer, "FORMERR"],
  ["a label of an unknown kind", longLabel, "FORMERR"],
  ["bytes behind the message", Buffer.concat([www(), Buffer.from([0])]), "FORMERR"],
  ["more records promised than there are", withBytes(www(), 7, 9), "FORMERR"],
  ["no question", withBytes(www().subarray(0, 12), 5, 0), "FORMERR"],
  ["two questions", twoQuestions, "FORMERR"],
  ["two OPT records", twoOpts, "FORMERR"],
  ["a newer EDNS", withEdns(1), "BADVERS"],
  ["an inverse query", withBytes(www(), 2, 1 << 3), "NOTIMP"],
  ["a status query", withBytes(www(), 2, 2 << 3), "NOTIMP"],
  ["an opcode that nobody knows", withBytes(www(), 2, 15 << 3), "NOTIMP"],
  ["a notification", withBytes(www(), 2, 4 << 3), "REFUSED"],
  ["class CHAOS", queryFor("version.bind", "TXT", { class: 3 }), "REFUSED"],
  ["class ANY", queryFor("www.example.org", "A", { class: 255 }), "REFUSED"],
  ["a question for TSIG", queryFor("www.example.org", "TSIG"), "NOTIMP"],
  ["an unsigned transfer", queryFor("example.org", "AXFR"), "REFUSED"],
  ["a transfer of no zone", queryFor("www.example.org", "AXFR"), "NOTAUTH"],
];

describe("the packet handler", () => {
  let zones: ServedZones;
  let handle: HandlePacket;
  before(async () => {
    zones = await createServedZones();
    zones.add(
      "example.org",
      readFileSync(new URL("../test/zones/example.org.zone", import.meta.url), "utf8"),
    );
    for (let host = 0; host < 100; host++) zones.insert("example.org", "many", "A", `198.51.100.${host}`);
    handle = handlerOf(zones);
  });
  after(() => zones[Symbol.asyncDispose]());

  for (const [what, packet, expected] of cases) {
    test(`says ${expected ?? "nothing"} to ${what}`, () => {
      const response = handle(packet, udpClient);
      if (expected === undefined) return assert.equal(response, undefined);
      assert.ok(Buffer.isBuffer(response));
      const message = readMessage(response);
      assert.equal(codeNameOf(message.code), expected);
      assert.equal(message.id, packet.readUInt16BE(0));
    });
  }

  test("truncates by whole sets what does not fit, and says all of it by TCP", () => {
    for (const [edns, limit] of [
      [undefined, 512],
      [100, 512],
      [800, 800],
      [4096, 1232],
    ] as const) {
      const query = queryFor("many.example.org", "A", edns === undefined ? {} : { edns });
      const response = handle(query, udpClient);
      assert.ok(Buffer.isBuffer(response));
      assert.ok(response.length <= limit, `${response.length} bytes`);
      const { answers, flags } = readMessage(response);
      assert.deepEqual([answers.length, flags & 0x0200], [0, 0x0200]);
    }
    const whole = handle(queryFor("many.example.org", "A"), tcpClient);
    assert.ok(Buffer.isBuffer(whole));
    const message = readMessage(whole);
    assert.deepEqual([message.answers.length, message.flags & 0x0200], [100, 0]);
  });

  test("ignores options of EDNS that it does not know, and DO", () => {
    const plain = queryFor("www.example.org", "A", { edns: 1232 });
    const option = Buffer.from([0xfd, 0xe9, 0, 2, 1, 2]);
    const asked = Buffer.concat([plain, option]);
    asked.writeUInt16BE(0x8000, plain.length - 4);
    asked.writeUInt16BE(option.length, plain.length - 2);
    const response = handle(asked, udpClient);
    assert.ok(Buffer.isBuffer(response));
    const message = readMessage(response);
    assert.equal(message.edns?.dnssecOk, false);
    assert.equal(shown(message).length, 3);
  });

  test("compresses names, so that each is whole only once", () => {
    const response = handle(queryFor("example.org", "NS"), udpClient);
    assert.ok(Buffer.isBuffer(response));
    assert.equal(response.toString("latin1").split("\u0007example\u0003org").length - 1, 1);
    assert.equal(readMessage(response).answers.length, 2);
  });

  test("lets nobody fill the log with refused requests, and says how many it left out", () => {
    let nowMs = 0;
    const log = captureLog();
    const clock = { ...systemClock, now: () => nowMs };
    const strict = handlerOf(zones, { clock, logger: log.logger });
    const update = withBytes(queryFor("example.org", "SOA"), 2, 5 << 3);
    for (let count = 0; count < 1_000; count++) void strict(update, udpClient);
    const before = log.lines.length;
    assert.ok(before > 0 && before <= 100, `${before} lines`);
    nowMs += 60_000;
    void strict(queryFor("example.org", "AXFR"), tcpClient);
    assert.equal(log.lines.length, before + 1);
    assert.equal(log.lines.at(-1)?.["msg"], "a transfer was refused");
    assert.equal(log.lines.at(-1)?.["left_out"], 1_000 - before);
  });

  test("passes on DO and AD of upstream answers, but calls no alias of its own validated", async () => {
    const clients = new Networks([{ address: "127.0.0.1", prefixBits: 32 }]);
    const validated = { ...bareReply(0), authenticData: true };
    const open = handlerOf(zones, {
      forwarding: { forward: () => Promise.resolve(validated), clients },
    });
    zones.insert("example.org", "leads-elsewhere", "CNAME", "www.example.com.");
    const flagsFor = async (name: string): Promise<[ad: boolean, dnssecOk: boolean | undefined]> => {
      const query = queryFor(name, "A", { edns: 1232, flags: 0x0100 });
      query.writeUInt16BE(0x8000, query.length - 4);
      const response = await open(query, udpClient);
      assert.ok(Buffer.isBuffer(response));
      const { flags, edns } = readMessage(response);
      return [(flags & 0x20) !== 0, edns?.dnssecOk];
    };
    assert.deepEqual(await flagsFor("www.example.com"), [true, true]);
    assert.deepEqual(await flagsFor("leads-elsewhere.example.org"), [false, true]);
  });
});
