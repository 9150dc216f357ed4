import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodeAddress, zone } from "@metacircular/testkit/edge-memory.ts";
import { anEdgeWorld, everything, hostname, pendingIn, portOf } from "@metacircular/testkit/edge-world.ts";
import { aDeploy, anOperation, aWeb } from "@metacircular/testkit/engine.ts";
import { aRoute } from "@metacircular/testkit/specs.ts";
import { describeStep } from "@metacircular/mcp-core/describe-step.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";

function sentences(steps: readonly Step[]): string[] {
  return steps.map((step) => describeStep("hello", step));
}

const startFirst = (version: string) => aWeb(version, { update: "start-first" });
const stopFirst = (version: string) => aWeb(version, { update: "stop-first" });

describe("a deploy with an edge", () => {
  test("ends with a route to the container, a name and a certificate", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    const record = await engine.run(aDeploy([aWeb("v1")]));
    assert.equal(record.outcome, "succeeded");
    assert.deepEqual(memory.shown(), everything(engine));
    assert.deepEqual(pendingIn(engine), []);
  });

  test("has nothing to do the second time", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([aWeb("v1")]));
    memory.calls.length = 0;
    assert.equal((await engine.run(aDeploy([aWeb("v1")]))).outcome, "unchanged");
    assert.deepEqual(memory.calls, []);
  });

  test("moves the route between new and old container and drains the old one", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([startFirst("v1")]));
    const old = portOf(engine);
    memory.calls.length = 0;
    const { steps } = await engine.run(aDeploy([startFirst("v2")]));
    const next = portOf(engine);
    assert.notEqual(next, old);
    assert.deepEqual(memory.calls, [`add 443 ${hostname} 127.0.0.1:${next}`, `drain 127.0.0.1:${old}`]);
    assert.deepEqual(sentences(steps).slice(2), [
      "check that hello-web is free as a container name",
      "check that 1 port can be used",
      "check that 1 route can be served",
      "make sure image localhost/web:v2 is here",
      "create container hello-web.next from localhost/web:v2",
      "start hello-web.next",
      "wait until hello-web.next runs",
      `route ${hostname}:443 to 127.0.0.1:${next}`,
      `wait until nothing is connected to 127.0.0.1:${old}`,
      "stop hello-web",
      "remove hello-web",
      "rename hello-web.next to hello-web",
      "record what hello/web now is",
      "store a revision of hello",
    ]);
    assert.deepEqual(memory.shown(), everything(engine));
  });

  test("keeps the port, and so the route, where the old container stops first", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([stopFirst("v1")]));
    memory.calls.length = 0;
    await engine.run(aDeploy([stopFirst("v2")]));
    assert.deepEqual(memory.calls, []);
    assert.deepEqual(memory.shown(), everything(engine));
  });

  test("registers nothing for a container that does not become healthy, and keeps the old route", async () => {
    for (const version of [startFirst, stopFirst]) {
      await using world = await anEdgeWorld();
      const { engine, memory } = world;
      await engine.run(aDeploy([version("v1")]));
      const before = memory.shown();
      const { outcome } = await engine.run(aDeploy([version("exits")]));
      assert.equal(outcome, "restored");
      assert.deepEqual(memory.shown(), before);
    }
  });

  test("takes back what it set where the first deploy fails after that", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    engine.atStep({ kind: "record-component", moment: "before" }, () => {
      throw new Error("the disk is full");
    });
    assert.equal((await engine.run(aDeploy([aWeb("v1")]))).outcome, "failed");
    assert.deepEqual(memory.shown(), [`certificate ${hostname}`]);
  });

  test("moves the route back where it fails after the route has moved", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([startFirst("v1")]));
    const before = memory.shown();
    engine.atStep({ kind: "stop-container", moment: "before" }, () => {
      throw new Error("the device is busy");
    });
    const { outcome, steps } = await engine.run(aDeploy([startFirst("v2")]));
    assert.equal(outcome, "restored");
    assert.deepEqual(memory.shown(), before);
    const back = steps.findLastIndex(({ kind }) => kind === "register-route");
    const removal = steps.findLastIndex(({ kind }) => kind === "remove-container");
    assert.ok(back < removal, "the new container went before the route was back");
  });

  test("is refused before anything is touched where another service has the route", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    const shared = { routes: [aRoute({ hostname: "www.example.net" })] };
    const other = aDeploy([aWeb("v1", shared)]);
    await engine.run({ ...other, spec: { ...other.spec, name: "other" } });
    const before = memory.shown();
    const { outcome, results } = await engine.run(aDeploy([aWeb("v1", shared)]));
    assert.equal(outcome, "failed");
    assert.equal(results[0]?.failure?.code, "ROUTE_TAKEN");
    assert.deepEqual(engine.runtime.shown(), ["other-web running localhost/web:v1"]);
    assert.deepEqual(memory.shown(), before);
  });

  test("is refused before anything is touched where the proxy does not serve the port", async () => {
    await using world = await anEdgeWorld();
    const { engine } = world;
    const { results } = await engine.run(aDeploy([aWeb("v1", { routes: [aRoute({ port: 9999 })] })]));
    assert.equal(results[0]?.failure?.code, "ROUTE_PORT_NOT_SERVED");
    assert.deepEqual(engine.runtime.shown(), []);
  });

  test("is refused before anything is touched where the authority refuses the host name", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    memory.refused.add(hostname);
    const { outcome, results } = await engine.run(aDeploy([aWeb("v1")]));
    assert.equal(outcome, "failed");
    assert.equal(results[0]?.failure?.code, "ACME_REFUSED");
    assert.deepEqual([engine.runtime.shown(), engine.registry.edge.all()], [[], []]);
  });

  test("takes away what disappears from the definition, and keeps what another component needs", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    const api = aWeb("v1", { name: "api", routes: [aRoute({ port: 8443 })] });
    const extra = aRoute({ name: "extra", hostname: `extra.${zone}` });
    await engine.run(aDeploy([aWeb("v1", { routes: [aRoute(), extra] }), api]));
    assert.equal(memory.shown().length, 7);
    await engine.run(aDeploy([aWeb("v1", { routes: [aRoute()] }), api]));
    assert.deepEqual(
      memory.shown().filter((line) => line.includes("extra")),
      [],
    );
    await engine.run(aDeploy([api]));
    assert.deepEqual(memory.shown(), [
      `certificate ${hostname}`,
      `hello A → ${nodeAddress}`,
      `route ${hostname}:8443 → 127.0.0.1:${portOf(engine, "hello-api")}`,
    ]);
    await engine.run(anOperation("undeploy"));
    assert.deepEqual([memory.shown(), engine.registry.edge.all()], [[], []]);
  });

  test("changes only the route where only its public side changes", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([aWeb("v1")]));
    const { id } = engine.runtime.container("hello-web");
    const moved = aRoute({ hostname: `moved.${zone}` });
    await engine.run(aDeploy([aWeb("v1", { routes: [moved] })]));
    assert.equal(engine.runtime.container("hello-web").id, id);
    assert.deepEqual(memory.shown(), [
      `certificate moved.${zone}`,
      `moved A → ${nodeAddress}`,
      `route moved.${zone}:443 → 127.0.0.1:${portOf(engine)}`,
    ]);
  });
});

describe("stopping and starting with an edge", () => {
  test("a stop takes name and route away before the container, and keeps the certificate", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([aWeb("v1")]));
    const { steps } = await engine.run(anOperation("stop"));
    assert.deepEqual(sentences(steps), [
      "record that hello/web should be stopped",
      `remove the DNS record of ${hostname}`,
      `remove the route ${hostname}:443`,
      "stop hello-web",
      "record that hello is inactive",
    ]);
    assert.deepEqual(memory.shown(), [`certificate ${hostname}`]);
    await engine.run(anOperation("start"));
    assert.deepEqual(memory.shown(), everything(engine));
    assert.equal(memory.calls.filter((call) => call.startsWith("issue")).length, 1);
  });

  test("a record that leads to another node by now is left alone", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([aWeb("v1")]));
    memory.records.set("hello A", ["192.0.2.99"]);
    await engine.run(anOperation("undeploy"));
    assert.deepEqual(memory.shown(), ["hello A → 192.0.2.99"]);
  });
});

describe("a service of the edge that does not answer", () => {
  for (const part of ["proxy", "names", "authority"] as const) {
    test(`leaves its effect pending, and it is done once it is back: ${part}`, async () => {
      await using world = await anEdgeWorld();
      const { engine, memory } = world;
      memory.down.add(part);
      const record = await engine.run(aDeploy([aWeb("v1")]));
      assert.equal(record.outcome, "succeeded");
      assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
      const kind = { proxy: "route", names: "dns", authority: "certificate" }[part];
      assert.deepEqual(pendingIn(engine), [kind]);
      const reasons = record.results.flatMap(({ pending = [] }) => pending.map(({ reason }) => reason));
      assert.equal(reasons.length, 1);
      assert.match(reasons.join(), /does not answer/);
      memory.down.clear();
      await engine.run(anOperation("edge"));
      assert.deepEqual(pendingIn(engine), []);
      assert.deepEqual(memory.shown(), everything(engine));
    });
  }

  test("keeps nothing from being undeployed, and what is left is taken away later", async () => {
    await using world = await anEdgeWorld();
    const { engine, memory } = world;
    await engine.run(aDeploy([aWeb("v1")]));
    memory.down.add("proxy").add("names");
    const record = await engine.run(anOperation("undeploy"));
    assert.equal(record.outcome, "succeeded");
    assert.deepEqual(engine.runtime.shown(), []);
    assert.equal(record.results[0]?.pending?.length, 2);
    memory.down.clear();
    await engine.run(anOperation("edge"));
    assert.deepEqual([memory.shown(), engine.registry.edge.all()], [[], []]);
  });
});

describe("each part of the edge may be left out", () => {
  const parts = {
    routes: (line: string) => line.startsWith("route"),
    certificates: (line: string) => line.startsWith("certificate"),
    dns: (line: string) => line.startsWith("hello A"),
  };
  for (const [part, isOf] of Object.entries(parts)) {
    test(`without ${part}`, async () => {
      await using world = await anEdgeWorld({ [part]: undefined });
      const { engine, memory } = world;
      await engine.run(aDeploy([aWeb("v1")]));
      assert.deepEqual(
        memory.shown(),
        everything(engine).filter((line) => !isOf(line)),
      );
      await engine.run(anOperation("undeploy"));
      assert.deepEqual(memory.shown(), []);
    });
  }
});
