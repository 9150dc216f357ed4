import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { sqlite } from "../metadata/engines.ts";
import { aManifest, handClock } from "../metadata/pushes.ts";
import { createWorld, deafSleep, hashOf, stored } from "./world.ts";

const leaseMs = 1_000;
const engine = sqlite();
before(() => engine.prepare());
after(() => engine.dispose());

test("what a manifest points to that is not there is no damage, and stays once it came, as long as the manifest does", async () => {
  await using stack = new AsyncDisposableStack();
  const clock = handClock();
  const { path } = stack.use(await createTemporaryDirectory());
  const sql = stack.use(await engine.open("missing"));
  const world = stack.use(
    await createWorld({
      ...{ sql, directory: path, clock, leaseMs },
      collector: { clock: { now: () => clock.now(), sleep: deafSleep } },
    }),
  );
  const { metadata, collector } = world;
  const references = [
    { kind: "blob", digest: hashOf("layer"), sizeBytes: 5, mediaType: "layer" },
    { kind: "manifest", digest: hashOf("image"), sizeBytes: 5, mediaType: "manifest" },
  ] as const;
  const push = aManifest("sparse", { references, tags: ["v1"], mayLack: "anything" });
  await metadata.putManifest(push);
  const collect = async () => {
    clock.forward(leaseMs + 1);
    const run = await collector.run({ dryRun: false, by: "test" });
    assert.deepEqual([run.state, run.missingBlobs], ["succeeded", 0]);
    return run;
  };
  assert.equal((await collect()).manifests, 0);
  await world.pushBlob(push.repository, "layer");
  assert.equal((await collect()).blobs, 0);
  assert.deepEqual(await stored(world.blobs), [hashOf("layer")]);
  await metadata.deleteManifest(push.repository, push.digest);
  assert.equal((await collect()).blobs, 1);
  assert.deepEqual(await stored(world.blobs), []);
});
