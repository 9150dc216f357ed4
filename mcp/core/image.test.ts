import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { formatImageReference, imageProblem, parseImageReference, versionOf } from "./image.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("parseImageReference", () => {
  for (const [text, registry, repository, tag, found] of [
    ["localhost/hello:v1", "localhost", "hello", "v1", ""],
    ["mcr.example.net:8443/team/hello:v1.2.3", "mcr.example.net:8443", "team/hello", "v1.2.3", ""],
    ["localhost:5000/hello", "localhost:5000", "hello", "", ""],
    ["[::1]:5000/hello:v1", "[::1]:5000", "hello", "v1", ""],
    ["busybox:1.36", "", "busybox", "1.36", ""],
    ["team/hello:v1", "", "team/hello", "v1", ""],
    [`localhost/hello:v1@${digest}`, "localhost", "hello", "v1", digest],
    [`localhost/hello@${digest}`, "localhost", "hello", "", digest],
    ["localhost/a__b.c-d--e:_V.1-x", "localhost", "a__b.c-d--e", "_V.1-x", ""],
  ] as const) {
    test(`takes ${text} apart`, () => {
      assert.deepEqual(parseImageReference(text), { registry, repository, tag, digest: found });
    });
  }

  for (const text of [
    "",
    ":v1",
    "localhost/",
    "localhost/Hello:v1",
    "localhost//hello:v1",
    "localhost/hello:",
    "localhost/hello:v 1",
    "localhost/hello:-v1",
    `localhost/hello:${"x".repeat(129)}`,
    "localhost/hello:v1@sha256:abc",
    "localhost/hello:v1@",
    "local_host.x/hello:v1",
    "localhost/a___b:v1",
    "https://localhost/hello:v1",
    "localhost/hello:v1\n",
    `localhost/${"a/".repeat(140)}a:v1`,
  ]) {
    test(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.equal(parseImageReference(text), undefined);
    });
  }

  const registry = fc.oneof(
    fc.constantFrom("localhost", "localhost:5000", "mcr.example.net", "10.0.0.1:8443", "[fd00::1]:443"),
    fc.constant(""),
  );
  const part = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8}){0,2}$/);
  const reference = fc
    .record(
      {
        registry,
        repository: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
        tag: fc.oneof(fc.constant(""), fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/)),
        digest: fc.constantFrom("", digest),
      },
      { noNullPrototype: true },
    )
    // Without a registry, a first part with a dot would be read as one.
    .filter((parts) => parts.registry !== "" || !/^[^/]*\.[^/]*\/|^localhost\//.test(parts.repository));

  test("reads back whatever it writes", () => {
    fc.assert(
      fc.property(reference, (parts) => {
        assert.deepEqual(parseImageReference(formatImageReference(parts)), parts);
      }),
    );
  });

  test("writes back whatever it reads, and never throws", () => {
    const characters = fc.string({ unit: fc.constantFrom(..."aA0._-/:@[] \u0000é"), maxLength: 24 });
    fc.assert(
      fc.property(characters, (text) => {
        const parts = parseImageReference(text);
        if (parts !== undefined) assert.equal(formatImageReference(parts), text);
      }),
      { numRuns: 2_000 },
    );
  });

  test("the version of what can be deployed is its tag", () => {
    fc.assert(
      fc.property(reference, (parts) => {
        const text = formatImageReference(parts);
        assert.equal(versionOf(text), parts.tag);
        const deployable = parts.registry !== "" && parts.tag !== "" && parts.tag !== "latest";
        assert.equal(imageProblem(text) === undefined, deployable);
      }),
    );
  });
});

describe("imageProblem", () => {
  for (const [image, reason] of [
    ["localhost/hello", /has no tag/],
    [`localhost/hello@${digest}`, /has no tag/],
    ["localhost/hello:latest", /"latest"/],
    [`localhost/hello:latest@${digest}`, /"latest"/],
    ["hello:v1", /names no registry/],
    ["localhost/hello:v1:v2", /is not an image reference/],
  ] as const) {
    test(`refuses ${image.slice(0, 40)}`, () => assert.match(imageProblem(image) ?? "", reason));
  }

  test("accepts a digest beside a tag", () => {
    assert.equal(imageProblem(`localhost/hello:v1@${digest}`), undefined);
  });
});
