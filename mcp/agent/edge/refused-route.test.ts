import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { OperationRecord } from "@metacircular/mcp-agent/registry/operations.ts";
import { anEdgeWorld, pendingIn, portOf } from "@metacircular/testkit/edge-world.ts";
import { aDeploy, anOperation, aWeb } from "@metacircular/testkit/engine.ts";
import { aRoute } from "@metacircular/testkit/specs.ts";

const refused = 9999;
const refusedToo = 9998;
const web = (version: string, update: "start-first" | "stop-first", port: number) =>
  aWeb(version, { update, routes: [aRoute({ port, hostname: "www.example.net" })] });

function assertRestored({ outcome, results }: OperationRecord): void {
  assert.equal(outcome, "restored");
  assert.deepEqual(
    results.map(({ failure }) => [failure?.code, failure?.found]),
    [["ROUTE_PORT_UNUSABLE", `port ${refused} cannot be opened`]],
  );
}

describe("a route whose port the proxy refuses only when it is to open it", () => {
  for (const update of ["start-first", "stop-first"] as const) {
    test(`leaves container and route of the previous version, ${update}`, async () => {
      await using world = await anEdgeWorld();
      const { engine, memory } = world;
      await engine.run(aDeploy([web("v1", update, 443)]));
      const [shown, { id }] = [memory.shown(), engine.runtime.container("hello-web")];
      memory.unusablePorts.add(refused);
      assertRestored(await engine.run(aDeploy([web("v2", update, refused)])));
      assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
      assert.equal(engine.runtime.container("hello-web").id, id);
      assert.deepEqual([memory.shown(), pendingIn(engine)], [shown, []]);
    });

    for (const before of [refused, refusedToo]) {
      test(`leaves the previous version, whose route to port ${before} was pending, ${update}`, async () => {
        await using world = await anEdgeWorld();
        const { engine, memory } = world;
        memory.unusablePorts.add(refused).add(refusedToo);
        memory.down.add("proxy");
        await engine.run(aDeploy([web("v1", update, before)]));
        memory.down.delete("proxy");
        const { id } = engine.runtime.container("hello-web");
        memory.calls.length = 0;
        const record = await engine.run(aDeploy([web("v2", update, refused)]));
        assertRestored(record);
        assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
        assert.equal(engine.runtime.container("hello-web").id, id);
        assert.equal(memory.calls.filter((call) => call.startsWith("add")).length, 2);
        assert.deepEqual(pendingIn(engine), ["route"]);
        assert.match(record.results[0]?.pending?.[0]?.effect ?? "", new RegExp(`:${before}$`, "u"));
        memory.unusablePorts.clear();
        await engine.run(anOperation("edge"));
        assert.deepEqual(
          memory.shown().filter((line) => line.startsWith("route")),
          [`route www.example.net:${before} → 127.0.0.1:${portOf(engine)}`],
        );
        assert.deepEqual(pendingIn(engine), []);
      });
    }
  }

  test("fails the first deploy of a service, which leaves nothing but its certificate", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    memory.unusablePorts.add(refused);
    const { outcome, results } = await engine.run(aDeploy([web("v1", "start-first", refused)]));
    assert.equal(outcome, "failed");
    assert.equal(results[0]?.failure?.found, `port ${refused} cannot be opened`);
    assert.deepEqual(engine.runtime.shown(), []);
    assert.deepEqual([memory.shown(), pendingIn(engine)], [["certificate www.example.net"], []]);
  });
});
