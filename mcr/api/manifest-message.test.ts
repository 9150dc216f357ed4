import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDigest } from "../digest.ts";
import { ociIndex } from "../manifest/media-types.ts";
import { manifestMessage } from "./manifest-message.ts";

const digest = formatDigest("sha256", "0".repeat(64));

test("a manifest is shown whatever its author wrote where the registry does not look", () => {
  const child = { mediaType: ociIndex, digest, size: 5 };
  const children = [
    { ...child, platform: { os: "linux", architecture: "arm64", variant: "v8" }, annotations: { a: "b" } },
    { ...child, platform: { os: 5, architecture: "amd64" }, annotations: { a: 5 } },
    { ...child, platform: "linux", annotations: "none" },
    { ...child, platform: null, annotations: null },
  ];
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: children }));
  const about = { repository: "a", digest, mediaType: ociIndex, pushedAtMs: 0, pushedBy: "alice" };
  const { references } = manifestMessage({ ...about, content }, []);
  assert.deepEqual(
    references?.map(({ platform, annotations }) => [platform, annotations]),
    [
      ["linux/arm64/v8", { a: "b" }],
      ["amd64", {}],
      ["", {}],
      ["", {}],
    ],
  );
});
