import assert from "node:assert/strict";

import { after, before, beforeEach, describe, test } from "node:test";

import { buildDefinition, dockerfile } from "./build-place.ts";
import { createPushPlace, type PushPlace } from "./push-place.ts";
import { parsed } from "./tool.ts";

interface Plan {
  steps: { kind: string; description: string }[];
  notes: string[];
}

interface SyncReport extends Plan {
  services: { service: string; result: string; error: { code: string } | null }[];
}

let world: PushPlace;

before(async () => {
  world = await createPushPlace();
});

after(() => world[Symbol.asyncDispose]());

beforeEach(() => world.reset());

describe("mcp deploy and mcp plan", () => {
  test("build and push what is missing before the node is told, and only that", async () => {
    await world.define("web", "v1.0.0", "RUN echo web > /which");
    const planned = await world.place.mcp("plan", "web", "-o", "json", "--exit-code");
    assert.equal(planned.code, 10, planned.stderr);
    assert.deepEqual(
      parsed<Plan>(planned.stdout).steps.map(({ kind }) => kind),
      ["build-image", "push-image", "start"],
    );
    // The node is this machine, so its plan is made with the image that is yet to be built.
    assert.match(planned.stdout, /start it of [^"]*team\/web:v1\.0\.0"/);
    assert.match(planned.stdout, /main is replaced only if the image that is built differs/);
    assert.equal(await world.digestOf("web", "v1.0.0"), undefined);
    const deployed = await world.place.mcp("deploy", "web");
    assert.equal(deployed.code, 0, deployed.stderr);
    assert.match(deployed.stderr, /built and pushed/);
    assert.ok((await world.digestOf("web", "v1.0.0")) !== undefined);
    const again = await world.place.mcp("deploy", "web");
    assert.doesNotMatch(again.stderr, /buil[dt]/);
    assert.deepEqual(world.told, ["web", "web"]);
    const steps = parsed<Plan>((await world.place.mcp("plan", "web", "-o", "json")).stdout).steps;
    assert.deepEqual(
      steps.map(({ description }) => description),
      ["start it"],
    );
  });

  test("say so where a node goes on with what it had under the name of what was built", async () => {
    await world.define("kept", "v1.0.0", "RUN echo kept > /which");
    const deployed = await world.place.mcp("deploy", "kept");
    assert.equal(deployed.code, 0, deployed.stderr);
    assert.match(deployed.stderr, /rift goes on with the image .*kept:v1\.0\.0; .*mcp deploy kept --pull/);
    assert.doesNotMatch((await world.place.mcp("deploy", "kept")).stderr, /goes on with/);
  });

  test("do not tell the node when a build fails, and build nothing with --no-build", async () => {
    await world.define("failing", "v1.0.0", "RUN false");
    const failed = await world.place.mcp("deploy", "failing");
    assert.deepEqual([failed.code, world.told], [1, []]);
    assert.match(failed.stderr, /IMAGE_BUILD_FAILED/);
    assert.equal((await world.place.mcp("deploy", "failing", "--no-build")).code, 0);
    assert.deepEqual(world.told, ["failing"]);
  });

  test("go on where the registry does not answer, since the node may have the image, and say so", async () => {
    await world.define("web", "v2.0.0");
    await world.registry.stop();
    try {
      const built = await world.build("web");
      assert.deepEqual([built.code, built.failures[0]?.error.code], [4, "REGISTRY_UNREACHABLE"]);
      const deployed = await world.place.mcp("deploy", "web");
      assert.equal(deployed.code, 0, deployed.stderr);
      assert.match(deployed.stderr, /web:v2\.0\.0 is not built, since it is not known whether it is missing/);
      assert.deepEqual(world.told, ["web"]);
      const plan = parsed<Plan>((await world.place.mcp("plan", "web", "-o", "json")).stdout);
      assert.equal(plan.notes.length, 1);
    } finally {
      await world.registry.start();
    }
  });
});

describe("mcp sync", () => {
  test("builds what many services lack, an image of several once, and one that fails costs only its service", async () => {
    const shared = `${world.registry.address}/team/shared:v1.0.0`;
    for (const service of ["one", "two"]) {
      const path = 'path = "shared"\n[build';
      const definition = buildDefinition(service, { main: shared }, { shared: "Containerfile" });
      await world.place.define(service, definition.replace("[build", path));
    }
    await world.place.source({ "shared/Containerfile": dockerfile("RUN echo shared > /which") });
    await world.define("three", "v1.0.0", "RUN echo three > /which");
    await world.define("bad", "v1.0.0", "RUN false");
    const names = ["one", "two", "three", "bad"];
    const planned = await world.place.mcp("sync", ...names, "--dry-run", "-o", "json");
    const built = parsed<SyncReport>(planned.stdout).steps.filter(({ kind }) => kind === "build-image");
    assert.equal(built.length, 3);
    const { code, stdout, stderr } = await world.place.mcp("sync", ...names, "-o", "json");
    assert.equal(code, 5, stderr);
    const rows = parsed<SyncReport>(stdout).services.map(({ service, error }) => [
      service,
      error?.code ?? "",
    ]);
    assert.deepEqual(rows, [
      ["bad", "IMAGE_BUILD_FAILED"],
      ["one", ""],
      ["three", ""],
      ["two", ""],
    ]);
    assert.deepEqual(world.told.toSorted(), ["one", "three", "two"]);
    assert.equal(stderr.match(/^built and pushed .*shared:v1\.0\.0/gm)?.length, 1);
  });

  test("does not build one image from two sources", async () => {
    const image = `${world.registry.address}/team/rival:v1.0.0`;
    for (const service of ["rival-a", "rival-b"]) {
      await world.place.define(
        service,
        buildDefinition(service, { main: image }, { rival: "Containerfile" }),
      );
      await world.place.source({ [`${service}/Containerfile`]: dockerfile() });
    }
    const { code, stdout } = await world.place.mcp("sync", "rival-a", "rival-b", "-o", "json");
    const rows = parsed<SyncReport>(stdout).services.map(({ service, error }) => [
      service,
      error?.code ?? "",
    ]);
    assert.deepEqual(
      [code, rows],
      [
        5,
        [
          ["rival-a", ""],
          ["rival-b", "BUILD_CONFLICT"],
        ],
      ],
    );
  });
});
