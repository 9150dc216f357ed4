import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { localPath } from "./local-path.ts";

test("keeps paths of this host", () => {
  for (const path of ["/", "/r/team/app", "/r/team/app/-/tags/v1?after=x&q=%20"]) {
    assert.equal(localPath(path), path);
  }
});

test("leads nowhere else", () => {
  const elsewhere = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/.//evil.example",
    "javascript:alert(1)",
    "evil",
    "",
    null,
    undefined,
    `/${"a".repeat(3000)}`,
  ];
  for (const text of elsewhere) assert.equal(localPath(text), "/", String(text).slice(0, 40));
});

test("stays on this host whatever it is given", () => {
  const text = fc.string({ unit: fc.constantFrom(..."/\\.:@?#%\t\r\n evil25FfC".split("")) });
  fc.assert(
    fc.property(text, (tail) => {
      const location = URL.parse(localPath(`/${tail}`), "https://host.example/login");
      return location?.origin === "https://host.example";
    }),
    { numRuns: 2_000 },
  );
});
