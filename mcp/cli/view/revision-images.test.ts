import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { create } from "@bufbuild/protobuf";
import { RevisionInfoSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { revisionImages } from "./revision-images.ts";

describe("the images of a revision", () => {
  const old = `sha256:${"a".repeat(64)}`;
  const anew = `sha256:${"b".repeat(64)}`;
  const revision = (image: string, digest: string) =>
    create(RevisionInfoSchema, {
      spec: { name: "shop", components: [{ name: "web", image }] },
      digests: { web: digest },
    });
  const dev = "localhost/shop:dev";

  for (const [what, own, others, shown] of [
    ["as named", revision(dev, old), [revision("localhost/shop:v2", anew)], dev],
    ["as named where the others are the same", revision(dev, old), [revision(dev, old)], dev],
    [
      "with their digest where the name meant another image",
      revision(dev, old),
      [revision(dev, anew), revision(dev, old)],
      `${dev} (sha256:aaaaaaaaaaaa)`,
    ],
    ["as named by a digest", revision(`${dev}@${old}`, old), [revision(dev, anew)], `${dev}@${old}`],
    ["as named where no digest is known", revision(dev, ""), [revision(dev, anew)], dev],
  ] as const)
    test(`are shown ${what}`, () => {
      assert.deepEqual(revisionImages(own, others), [{ component: "web", image: shown }]);
    });
});
