import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readCertificate } from "../certificate.ts";
import { generateKeyPair } from "../key-pair.ts";
import { readSigningRequest, writeSigningRequest } from "../signing-request.ts";
import { readOcspRequest } from "../status/ocsp-request.ts";
import * as read from "./read.ts";
import * as write from "./write.ts";

describe("DER", () => {
  test("is read as it was written: numbers, object identifiers, times, bits and octets of any length", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 160n }),
        fc.uint8Array({ maxLength: 70_000 }),
        (number, octets) => {
          const hexadecimal = number.toString(16);
          const even = hexadecimal.length % 2 === 0 ? hexadecimal : `0${hexadecimal}`;
          assert.equal(read.readInteger(read.readDer(write.integer(hexadecimal))), even);
          assert.deepEqual(read.readDer(write.octetString(octets)).content, Buffer.from(octets));
          assert.deepEqual(read.readBitString(read.readDer(write.bitString(octets))), Buffer.from(octets));
        },
      ),
    );
    const arcs = fc.tuple(fc.nat(1), fc.nat(39), fc.array(fc.nat(), { minLength: 1, maxLength: 12 }));
    fc.assert(
      fc.property(arcs, fc.nat(0xffff_ffff), ([first, second, rest], seconds) => {
        const dotted = [first, second, ...rest].join(".");
        assert.equal(read.readObjectIdentifier(read.readDer(write.objectIdentifier(dotted))), dotted);
        assert.equal(read.readTime(read.readDer(write.time(seconds * 1_000))), seconds * 1_000);
      }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(15)), (bits) => {
        assert.deepEqual(
          read.readBitStringFlags(write.namedBits(bits)),
          new Set(bits.toSorted((a, b) => a - b)),
        );
      }),
    );
  });

  test("in any other form is refused: lengths that are not the shortest, what follows, what is cut off", () => {
    for (const encoded of [
      "",
      "30",
      "3080",
      "30810100",
      "3001",
      "300000",
      "1f0100",
      "0281820001",
      "308500000000ff",
    ]) {
      assert.throws(() => read.readDer(Buffer.from(encoded, "hex")), { code: "DER_INVALID" }, encoded);
    }
  });

  test("that is noise, or a request with an octet changed, never breaks a reader", async () => {
    const readers = [readCertificate, readSigningRequest, readOcspRequest];
    const survives = (octets: Uint8Array): void => {
      for (const reader of readers) {
        try {
          reader(octets);
        } catch (thrown) {
          assert.ok(thrown instanceof DetailedError, String(thrown));
        }
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 2_000 });
    const { privateKeyPem, publicKey } = generateKeyPair();
    const request = await writeSigningRequest(
      { commonName: "A" },
      publicKey,
      createPrivateKey(privateKeyPem),
    );
    for (let position = 0; position < request.length; position += 1) {
      for (const change of [1, 0x80, 0xff]) {
        const changed = Buffer.from(request);
        changed[position] = (changed[position] ?? 0) ^ change;
        survives(changed);
        assert.throws(() => readSigningRequest(changed), DetailedError, `octet ${position}`);
      }
    }
  });
});
