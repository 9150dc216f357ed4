import assert from "node:assert/strict";
import { test } from "node:test";
import { isVersionTag } from "./version-tag.ts";

test("versions are told from other tags", () => {
  const versions = ["1.2.3", "v1.2.3", "v0.0.0", "v1.2.3-rc.1", "1.2.3-alpine", "1.2.3-0a", "1.2.3_build.1"];
  for (const tag of versions) assert.equal(isVersionTag(tag), true, tag);
  const others = [
    "latest",
    "1",
    "v1",
    "v1.2",
    "01.2.3",
    "1.2.3.4",
    "1.2.3-",
    "1.2.3-01",
    "1.2.3_",
    "2024-01-01",
  ];
  for (const tag of [...others, "main-1.2.3", "V1.2.3", "1.2.3+build"]) {
    assert.equal(isVersionTag(tag), false, tag);
  }
});
