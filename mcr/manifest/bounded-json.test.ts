import assert from "node:assert/strict";
import { test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import fc from "fast-check";
import { parseBoundedJson } from "./bounded-json.ts";

const parse = (text: string): unknown => parseBoundedJson(Buffer.from(text));

function assertRefused(text: string | Uint8Array, why: RegExp): void {
  assert.throws(
    () => parseBoundedJson(typeof text === "string" ? Buffer.from(text) : text),
    (error) => error instanceof DetailedError && error.code === "MANIFEST_INVALID" && why.test(error.found),
  );
}

test("JSON is read as JSON is", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      assert.deepEqual(parse(text), JSON.parse(text));
    }),
  );
});

test("what is no JSON is refused, whatever it is, and nothing else is thrown", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", "a", "1", " "),
        maxLength: 20,
      }),
      (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        if (!isJson) assertRefused(text, /./);
      },
    ),
  );
  assertRefused(Buffer.from([0xff, 0xfe]), /UTF-8/);
  assertRefused('\ufeff{"a":1}', /no JSON/);
  assertRefused('"open', /does not end/);
});

test("a key that is there twice is refused, also where it is written in another way", () => {
  assertRefused('{"a":1,"a":2}', /"a" twice/);
  assertRefused('{"a":1,"\\u0061":2}', /"a" twice/);
  assertRefused('{"x":[{"b":{"c":1,"c":1}}]}', /"c" twice/);
  assert.deepEqual(parse('{"a":{"a":"a"},"b":["a","a","a"],"c":"a"}'), {
    a: { a: "a" },
    b: ["a", "a", "a"],
    c: "a",
  });
  assert.deepEqual(parse('{"a":"x\\\\","b":"\\"a\\":"}'), { a: "x\\", b: '"a":' });
});

test("what nests deeply or consists of countless parts is refused before it is built", () => {
  assertRefused("[".repeat(4_000_000), /nested deeper/);
  assertRefused(`[${"{},".repeat(1_000_000)}{}]`, /parts/);
  const keys = Array.from({ length: 300_000 }, (_, at) => `"${at}":0`).join(",");
  assertRefused(`{${keys}}`, /an object has more than 10000 keys/);
  const some = Array.from({ length: 9_000 }, (_, at) => `"${at}":0`).join(",");
  assertRefused(`[${Array.from({ length: 30 }, () => `{${some}}`).join(",")}]`, /more than 200000 keys/);
});

test("a key that means something to programs is only a key", () => {
  const value = parse('{"__proto__":{"polluted":true},"constructor":1}') as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});
