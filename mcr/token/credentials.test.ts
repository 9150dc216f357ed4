import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { basicCredentials, isNameFor } from "./credentials.ts";

const jwt = `${Buffer.from('{"alg":"EdDSA"}').toString("base64url")}.e30.c2ln`;
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString("base64")}`;

describe("credentials", () => {
  const table: readonly (readonly [header: string | undefined, understood: object | undefined])[] = [
    [undefined, { kind: "none" }],
    [basic(":"), { kind: "none" }],
    [basic("alice:pass:word"), { kind: "password", username: "alice", password: "pass:word" }],
    [basic("ålice:pässword"), { kind: "password", username: "ålice", password: "pässword" }],
    [basic("alice:a.b.c"), { kind: "password", username: "alice", password: "a.b.c" }],
    [basic(`alice:${jwt}`), { kind: "token", username: "alice", token: jwt }],
    [basic(`<token>:${jwt}`), { kind: "token", username: "<token>", token: jwt }],
    [basic("alice"), undefined],
    ["Bearer x", undefined],
    ["Basic ???", undefined],
  ];
  for (const [header, understood] of table) {
    test(String(header), () => assert.deepEqual(basicCredentials(header), understood));
  }

  test("with a token name its own account, or none", () => {
    for (const name of ["alice", "", "<token>", "token", "jwt"])
      assert.equal(isNameFor(name, "alice"), true, name);
    for (const name of ["bob", "Alice", "alice ", "root"])
      assert.equal(isNameFor(name, "alice"), false, name);
  });
});
