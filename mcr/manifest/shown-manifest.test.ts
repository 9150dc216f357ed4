import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { shownManifest } from "./shown-manifest.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

describe("a manifest", () => {
  test("is an image or an index by what it has", () => {
    const index = shownManifest(
      bytes({
        manifests: [
          { digest: digest("1"), size: 7, platform: { os: "linux", architecture: "arm64", variant: "v8" } },
          { digest: "no digest", size: 7 },
        ],
      }),
    );
    assert.equal(index.kind, "index");
    assert.deepEqual(
      index.manifests.map(({ platform, sizeBytes }) => [platform, sizeBytes]),
      [["linux/arm64/v8", 7]],
    );
    const image = shownManifest(bytes({ layers: [], config: { digest: digest("1"), size: 1 } }));
    assert.deepEqual([image.kind, image.config?.digest], ["image", digest("1")]);
  });

  test("of any other shape is shown as what it is: unknown", () => {
    for (const content of [
      "",
      "[]",
      "null",
      "7",
      "{",
      '{"layers":7,"annotations":[1]}',
      '{"manifests":null}',
    ]) {
      assert.equal(shownManifest(Buffer.from(content)).kind, "unknown", content);
    }
  });
});
