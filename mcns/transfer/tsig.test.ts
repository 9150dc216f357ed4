import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeReply } from "../answer/encode.ts";
import { bareReply } from "../answer/reply.ts";
import { queryFor } from "../test/packets.ts";
import { readMessage } from "../wire/message.ts";
import { isResponseSigned, signRequest, signResponse, type Verified, verifyRequest } from "./tsig.ts";
import { tsigAlgorithms, type TsigKey } from "./tsig-key.ts";

const now = 1_800_000_000;
const key: TsigKey = { name: "a.key", algorithm: "hmac-sha256", secret: Buffer.alloc(32, 9) };
const keys = new Map([[key.name, key]]);
const query = queryFor("example.org", "SOA", { id: 77 });

function verify(packet: Buffer, atSeconds = now): Verified {
  return verifyRequest(readMessage(packet), keys, atSeconds);
}

function errorOf(verified: Verified): string {
  return verified.kind === "bad" ? verified.error : verified.kind;
}

/** A response to the query, signed as the verification says. */
function refusal(verified: Verified): Buffer {
  assert.ok(verified.kind === "bad");
  const frame = { id: 77, flags: 0, opcode: 0, hasEdns: false };
  return verified.sign(encodeReply(frame, bareReply(9), { bytes: 512, recursionAvailable: false }));
}

describe("signatures of requests", () => {
  test("are good with the same key, by every algorithm, also where a relay gave the message another id", () => {
    for (const algorithm of tsigAlgorithms) {
      const own = { ...key, algorithm };
      const signed = signRequest(query, own, now).message;
      signed.writeUInt16BE(1234, 0);
      assert.equal(verifyRequest(readMessage(signed), new Map([[own.name, own]]), now).kind, "good");
    }
    assert.equal(verify(query).kind, "unsigned");
  });

  test("are bad when a bit of the message has changed, wherever it is", () => {
    const signed = signRequest(query, key, now).message;
    for (let at = 2; at < query.length; at++) {
      const changed = Buffer.from(signed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      let outcome = "unreadable";
      try {
        outcome = errorOf(verify(changed));
      } catch {
        // It is no message any more.
      }
      assert.notEqual(outcome, "good", `byte ${at}`);
    }
  });

  test("are refused with an unknown key, another algorithm, or another secret, by unsigned answers", () => {
    for (const [other, expected] of [
      [{ ...key, name: "b.key" }, "BADKEY"],
      [{ ...key, algorithm: "hmac-sha512" as const }, "BADKEY"],
      [{ ...key, secret: Buffer.alloc(32, 8) }, "BADSIG"],
    ] as const) {
      const verified = verify(signRequest(query, other, now).message);
      assert.equal(errorOf(verified), expected);
      const { tsig } = readMessage(refusal(verified));
      assert.equal(tsig?.name, other.name);
    }
  });

  test("are refused outside of the time that they allow, by a signed answer with the time here", () => {
    const { message, next } = signRequest(query, key, now);
    assert.equal(verify(message, now + 300).kind, "good");
    assert.equal(verify(message, now - 300).kind, "good");
    for (const wrong of [now + 301, now - 301]) {
      const verified = verify(message, wrong);
      assert.equal(errorOf(verified), "BADTIME");
      const answer = readMessage(refusal(verified));
      assert.ok(isResponseSigned(answer, next, true), "the client can trust it");
      assert.equal(Buffer.from(answer.bytes).readUIntBE(answer.bytes.length - 6, 6), wrong);
    }
  });

  test("may be cut to half of their length, but not shorter", () => {
    const { message } = signRequest(query, key, now);
    const { tsig } = readMessage(message);
    assert.ok(tsig !== undefined);
    // Behind the algorithm's name, the time and the fudge there is the size of the MAC.
    const sizeAt = tsig.dataAt + 13 + 8;
    const cut = (bytes: number): Buffer => {
      const short = Buffer.concat([
        message.subarray(0, sizeAt + 2 + bytes),
        message.subarray(sizeAt + 2 + 32),
      ]);
      short.writeUInt16BE(bytes, sizeAt);
      short.writeUInt16BE(tsig.dataLength - 32 + bytes, tsig.dataAt - 2);
      return short;
    };
    assert.equal(errorOf(verify(cut(32))), "good");
    assert.equal(errorOf(verify(cut(16))), "good");
    assert.equal(errorOf(verify(cut(15))), "BADSIG");
    assert.equal(errorOf(verify(cut(0))), "BADSIG");
  });
});

test("several messages of an answer are signed one upon the other, so that none can be left out or moved", () => {
  const { next: asked } = signRequest(query, key, now);
  const parts = [1, 2, 3].map((part) => queryFor(`part-${part}.example.org`, "A", { id: 77, flags: 0x8000 }));
  const messages: Buffer[] = [];
  let before = asked;
  for (const [index, part] of parts.entries()) {
    const { message, next } = signResponse(part, before, now, index === 0);
    messages.push(message);
    before = next;
  }
  const check = (order: readonly number[]): boolean[] => {
    let signature = asked;
    return order.map((index, place) => {
      const message = readMessage(messages[index] ?? assert.fail());
      const isGood = isResponseSigned(message, signature, place === 0);
      signature = { key, mac: message.tsig === undefined ? new Uint8Array() : macOf(message) };
      return isGood;
    });
  };
  assert.deepEqual(check([0, 1, 2]), [true, true, true]);
  assert.deepEqual(check([0, 2]), [true, false]);
  assert.deepEqual(check([1]), [false]);
});

/** The 32 bytes behind the algorithm's name, time, fudge and size. */
function macOf(message: ReturnType<typeof readMessage>): Uint8Array {
  const at = (message.tsig?.dataAt ?? 0) + 13 + 10;
  return message.bytes.subarray(at, at + 32);
}
