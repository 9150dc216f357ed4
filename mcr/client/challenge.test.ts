import assert from "node:assert/strict";
import { test } from "node:test";

import { parseChallenge } from "./challenge.ts";

const realm = "https://mcr.example.net/v2/token";

test("challenges are read as registries write them", () => {
  const bearer = { scheme: "bearer", realm, service: "mcr.example.net", scope: "repository:a/b:pull,push" };
  const parameters = `realm="${realm}",service="mcr.example.net",scope="repository:a/b:pull,push"`;
  const cases: readonly [string, unknown][] = [
    [`Bearer ${parameters}`, bearer],
    [`bearer ${parameters}, error="insufficient_scope"`, bearer],
    [`Basic realm="x", Bearer ${parameters}`, bearer],
    [`Bearer realm="${realm}"`, { scheme: "bearer", realm, service: "", scope: "" }],
    [`Bearer realm=${realm},service=a`, { scheme: "bearer", realm, service: "a", scope: "" }],
    [`Bearer realm="a\\"b"`, { scheme: "bearer", realm: 'a"b', service: "", scope: "" }],
    ['Basic realm="Registry"', { scheme: "basic" }],
    ["Negotiate", undefined],
    ["", undefined],
  ];
  for (const [header, expected] of cases) assert.deepEqual(parseChallenge(header), expected, header);
});
