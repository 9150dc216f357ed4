import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { imageReferences } from "./adoption-image.ts";

const local = `sha256:${"a".repeat(64)}`;
const digests = [`docker.io/library/redis@${local}`];

describe("a definition names the image of a container", () => {
  test("by the tag it was created with", () => {
    const image = "docker.io/library/redis:7.2";
    assert.equal(imageReferences({ image, names: [image], digests })[0], image);
  });

  test("by another tag where that one was latest, its own repository first", () => {
    const names = ["localhost/cache:v1", "docker.io/library/redis:latest", "docker.io/library/redis:7.2"];
    const [first, second] = imageReferences({ image: "docker.io/library/redis:latest", names, digests });
    assert.deepEqual([first, second], ["docker.io/library/redis:7.2", "localhost/cache:v1"]);
  });

  test("by its digest, which is then also the version, where it has no other tag", () => {
    const image = "docker.io/library/redis:latest";
    assert.deepEqual(imageReferences({ image, names: [image], digests }), [
      `docker.io/library/redis:sha256-aaaaaaaaaaaa@${local}`,
    ]);
  });

  test("by its tag and its digest, in case that the tag has moved to another image", () => {
    const image = "docker.io/library/redis:7.2";
    assert.deepEqual(imageReferences({ image, names: [], digests }), [
      image,
      `docker.io/library/redis:7.2@${local}`,
    ]);
  });

  test("not at all where only an id is known", () => {
    assert.deepEqual(imageReferences({ image: "a".repeat(64), names: [], digests: [] }), []);
  });
});
