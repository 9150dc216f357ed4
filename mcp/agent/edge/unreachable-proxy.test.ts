import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anEdgeWorld, everything, hostname, pendingIn, portOf } from "@metacircular/testkit/edge-world.ts";
import { aDeploy, anOperation, aWeb } from "@metacircular/testkit/engine.ts";

const startFirst = (version: string) => aWeb(version, { update: "start-first" });

/** A proxy whose administration does not answer may well go on serving the routes it has. */
describe("a proxy that cannot be told of a move", () => {
  test("gets the new container on the port of the old one, though it would start first", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([startFirst("v1")]));
    memory.down.add("proxy");
    const { outcome, results } = await engine.run(aDeploy([startFirst("v2")]));
    assert.equal(outcome, "succeeded");
    assert.deepEqual(
      results.map(({ pending }) => pending),
      [undefined],
    );
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v2"]);
    assert.deepEqual(memory.shown(), everything(engine));
  });

  test("does so too where the route has been pending since the first deploy", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    memory.down.add("proxy");
    await engine.run(aDeploy([startFirst("v1")]));
    assert.equal((await engine.run(aDeploy([startFirst("v2")]))).outcome, "succeeded");
    assert.deepEqual(pendingIn(engine), ["route"]);
    memory.down.clear();
    await engine.run(anOperation("edge"));
    assert.deepEqual([pendingIn(engine), memory.shown()], [[], everything(engine)]);
  });

  test("keeps the old container where it falls silent in the middle", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([startFirst("v1")]));
    engine.atStep({ kind: "register-route", moment: "before" }, () => void memory.down.add("proxy"));
    const { outcome, results } = await engine.run(aDeploy([startFirst("v2")]));
    assert.equal(outcome, "restored");
    assert.match(results[0]?.failure?.found ?? "", /does not answer/);
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
    assert.deepEqual(memory.shown(), everything(engine));
    memory.down.clear();
    await engine.run(anOperation("edge"));
    assert.deepEqual([pendingIn(engine), memory.shown()], [[], everything(engine)]);
    assert.equal((await engine.run(aDeploy([startFirst("v2")]))).outcome, "succeeded");
  });

  test("keeps the container that its route leads to where it cannot be moved back", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([startFirst("v1")]));
    engine.atStep({ kind: "stop-container", moment: "before" }, () => {
      memory.down.add("proxy");
      throw new Error("the device is busy");
    });
    assert.equal((await engine.run(aDeploy([startFirst("v2")]))).outcome, "failed");
    const next = portOf(engine, "hello-web.next");
    assert.equal(engine.runtime.container("hello-web.next").state, "running");
    assert.ok(memory.shown().includes(`route ${hostname}:443 → 127.0.0.1:${next}`));
    await engine.run(anOperation("repair"));
    assert.equal(engine.runtime.container("hello-web.next").state, "running");
    memory.down.clear();
    assert.equal((await engine.run(anOperation("repair"))).outcome, "succeeded");
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
    assert.deepEqual([pendingIn(engine), memory.shown()], [[], everything(engine)]);
  });

  test("keeps a component that another takes the route from", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([startFirst("v1")]));
    const before = memory.shown();
    memory.down.add("proxy");
    const renamed = aWeb("v2", { name: "site" });
    assert.notEqual((await engine.run(aDeploy([renamed]))).outcome, "succeeded");
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
    assert.deepEqual(memory.shown(), before);
    memory.down.clear();
    assert.equal((await engine.run(aDeploy([renamed]))).outcome, "succeeded");
    assert.ok(
      memory.shown().includes(`route ${hostname}:443 → 127.0.0.1:${portOf(engine, "hello-site")}`),
      memory.shown().join(),
    );
    assert.deepEqual(engine.runtime.shown(), ["hello-site running localhost/web:v2"]);
  });

  test("goes on with a container whose route has moved when the agent died", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([startFirst("v1")]));
    await engine.crash(aDeploy([startFirst("v2")]), { kind: "register-route", moment: "after" });
    memory.down.add("proxy");
    await engine.restart();
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v2"]);
    assert.deepEqual(memory.shown(), everything(engine));
  });

  test("gets the old port where the agent died before the route has moved", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([startFirst("v1")]));
    const before = memory.shown();
    await engine.crash(aDeploy([startFirst("v2")]), { kind: "register-route", moment: "before" });
    memory.down.add("proxy");
    await engine.restart();
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v2"]);
    assert.deepEqual(memory.shown(), before);
    assert.deepEqual(memory.shown(), everything(engine));
  });
});
