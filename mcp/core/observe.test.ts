import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { KnownComponent, SeenContainer } from "./observe-input.ts";
import { type ComponentObservation, observe } from "./observe.ts";
import type { DesiredState, ObservedState } from "./spec.ts";

const nobody = () => false;

function aContainer(fields: Partial<SeenContainer> = {}): SeenContainer {
  return {
    name: "hello-web",
    owner: { service: "hello", component: "web", current: true },
    state: "running",
    processGone: false,
    exitCode: 0,
    startedAtMs: 1_000,
    pid: 42,
    image: "localhost/web:v1",
    specHash: "hash-of-v1",
    network: "",
    ports: [],
    ...fields,
  };
}

function aForeignContainer(name: string, fields: Partial<SeenContainer> = {}): SeenContainer {
  return aContainer({ name, owner: undefined, ...fields });
}

function aComponent(fields: Partial<KnownComponent> = {}): KnownComponent {
  return {
    service: "hello",
    component: "web",
    desired: "running",
    image: "localhost/web:v1",
    ports: [],
    state: "running",
    startedAtMs: 1_000,
    pid: 42,
    ...fields,
  };
}

function anIgnored(service: string, component: string): KnownComponent {
  return aComponent({ service, component, desired: "ignore" });
}

function look(input: {
  components?: readonly KnownComponent[];
  containers?: readonly SeenContainer[];
  services?: readonly string[];
  skip?: (service: string) => boolean;
}) {
  const components = input.components ?? [];
  const services = input.services ?? [...new Set(components.map(({ service }) => service))];
  return observe({ containers: [], skip: nobody, ...input, components, services });
}

function lookAtOne(component: KnownComponent, container?: SeenContainer): ComponentObservation {
  const { observations } = look({
    components: [component],
    containers: container === undefined ? [] : [container],
  });
  assert.equal(observations.length, 1);
  return observations[0] as ComponentObservation;
}

describe("the observed state of a component", () => {
  type Case = [desired: DesiredState, container: Partial<SeenContainer> | undefined, state: ObservedState];
  const cases: readonly Case[] = [
    ["running", { state: "running" }, "running"],
    ["running", { state: "stopping" }, "running"],
    ["running", { state: "paused" }, "stopped"],
    ["running", { state: "created" }, "stopped"],
    ["running", { state: "exited", exitCode: 0 }, "exited"],
    ["running", { state: "exited", exitCode: 3 }, "exited"],
    ["running", { state: "exited", exitCode: 137 }, "exited"],
    ["running", { state: "exited", exitCode: 143 }, "stopped"],
    ["running", { state: "unknown" }, "unknown"],
    ["running", { state: "running", processGone: true }, "exited"],
    ["running", undefined, "removed"],
    ["stopped", { state: "running" }, "running"],
    ["stopped", { state: "exited", exitCode: 137 }, "stopped"],
    ["stopped", { state: "created" }, "stopped"],
    ["stopped", undefined, "removed"],
  ];
  for (const [desired, container, state] of cases) {
    const title = container === undefined ? "no container" : JSON.stringify(container);
    test(`desired ${desired}: ${title} is ${state}`, () => {
      const seen = container === undefined ? undefined : aContainer(container);
      assert.equal(lookAtOne(aComponent({ desired }), seen).state, state);
    });
  }

  test("comes with the exit code only where the runtime saw the end", () => {
    const exitCodeOf = (container: Partial<SeenContainer>) =>
      lookAtOne(aComponent(), aContainer(container)).exitCode;
    assert.equal(exitCodeOf({ state: "exited", exitCode: 3 }), 3);
    assert.equal(exitCodeOf({ state: "exited", exitCode: 0 }), 0);
    assert.equal(exitCodeOf({ state: "running" }), undefined);
    assert.equal(exitCodeOf({ state: "running", processGone: true }), undefined);
  });

  test("comes with start and process only while it runs", () => {
    const { startedAtMs, pid } = lookAtOne(aComponent(), aContainer({ state: "exited" }));
    assert.deepEqual({ startedAtMs, pid }, { startedAtMs: 0, pid: 0 });
  });
});

describe("a restart between two listings", () => {
  const cases: readonly [string, Partial<KnownComponent>, Partial<SeenContainer>, boolean][] = [
    ["the same start and process", {}, {}, false],
    ["another start", {}, { startedAtMs: 2_000 }, true],
    ["another process within the same second", {}, { pid: 43 }, true],
    ["a start that was not known before", { startedAtMs: 0, pid: 0 }, {}, false],
    ["a process number that is not shown while it stops", {}, { pid: 0, state: "stopping" }, false],
    ["it had ended before", { state: "exited", startedAtMs: 0, pid: 0 }, { pid: 43 }, false],
  ];
  for (const [title, known, container, restarted] of cases) {
    test(`${restarted ? "shows by" : "does not show by"} ${title}`, () => {
      assert.equal(lookAtOne(aComponent(known), aContainer(container)).restarted, restarted);
    });
  }
});

describe("which container is a component's", () => {
  test("not one of the same name that MCP did not create", () => {
    const found = look({ components: [aComponent()], containers: [aForeignContainer("hello-web")] });
    assert.equal(found.observations[0]?.state, "removed");
    assert.deepEqual(found.appeared, [], "the managed component keeps its entry");
  });

  test("not the second container of a replacement, which is not foreign either", () => {
    const owner = { service: "hello", component: "web", current: false };
    const found = look({
      components: [aComponent()],
      containers: [
        aContainer({ name: "hello-web.next", owner, state: "running" }),
        aContainer({ name: "hello-web.previous", owner, state: "exited" }),
        aContainer({ state: "running" }),
      ],
    });
    assert.equal(found.observations[0]?.state, "running");
    assert.deepEqual(found.appeared, []);
  });

  test("for an ignored entry the one with its name, unless it is a managed component's", () => {
    const proxy = { service: "mc-proxy", component: "mc-proxy", current: true };
    const found = look({
      components: [anIgnored("mc", "proxy"), aComponent({ service: "mc-proxy", component: "mc-proxy" })],
      containers: [aContainer({ name: "mc-proxy", owner: proxy })],
    });
    assert.deepEqual(
      found.observations.map(({ desired, state }) => `${desired} ${state}`),
      ["ignore removed", "running running"],
    );
    assert.deepEqual(found.vanished, [{ service: "mc", component: "proxy" }]);
  });
});

describe("foreign containers", () => {
  test("are entered under what their name says", () => {
    const names = ["db", "shop-api", "mc-proxy", "mc-proxy-log", "a-a", "x.next", "under_score"];
    const { appeared } = look({
      components: [aComponent({ service: "mc-proxy", component: "api" })],
      containers: names.map((name) => aForeignContainer(name)),
    });
    assert.deepEqual(
      appeared.map(({ service, component }) => `${service}/${component}`),
      [
        "db/db",
        "shop/api",
        "mc-proxy/mc-proxy",
        "mc-proxy/log",
        "a-a/a-a",
        "x.next/x.next",
        "under_score/under_score",
      ],
    );
  });

  test("are never entered as mc's where they are those of the platform's mc-proxy", () => {
    const { appeared } = look({ containers: [aForeignContainer("mc-proxy"), aForeignContainer("mc-web")] });
    assert.deepEqual(
      appeared.map(({ service, component }) => `${service}/${component}`),
      ["mc-proxy/mc-proxy", "mc/web"],
    );
  });

  test("are entered with image, version, network and ports, each port once", () => {
    const port = "0.0.0.0:8080:80/tcp";
    const seen = {
      image: "docker.io/library/redis:7.2",
      network: "shop",
      ports: [port, port],
      state: "exited",
    } as const;
    const { appeared } = look({ containers: [aForeignContainer("shop-redis", { ...seen, exitCode: 1 })] });
    assert.deepEqual(appeared, [
      {
        service: "shop",
        component: "redis",
        image: "docker.io/library/redis:7.2",
        version: "7.2",
        network: "shop",
        ports: [port],
        state: "exited",
        exitCode: 1,
        startedAtMs: 0,
        pid: 0,
        processGone: false,
        known: false,
      },
    ]);
  });

  test("are entered once, and again only where image or ports changed", () => {
    const components = [anIgnored("shop", "redis")];
    const entered = (fields: Partial<SeenContainer>) =>
      look({ components, containers: [aForeignContainer("shop-redis", fields)] }).appeared;
    assert.deepEqual(entered({}), []);
    assert.equal(entered({ image: "localhost/web:v2" })[0]?.known, true);
    assert.equal(entered({ ports: ["0.0.0.0:1:1/tcp"] })[0]?.known, true);
  });

  test("keep their place when the service they seem to belong to appears later", () => {
    const found = look({
      components: [anIgnored("mc", "proxy-log")],
      services: ["mc", "mc-proxy"],
      containers: [aForeignContainer("mc-proxy-log")],
    });
    assert.deepEqual(found.appeared, []);
    assert.deepEqual(found.vanished, []);
  });

  test("include those that MCP created and the registry has lost", () => {
    const owner = { service: "a-b", component: "c", current: true };
    const { appeared } = look({ containers: [aContainer({ name: "a-b-c", owner })] });
    assert.deepEqual(
      appeared.map(({ service, component }) => `${service}/${component}`),
      ["a-b/c"],
    );
  });

  test("are dropped when their container is gone", () => {
    const found = look({
      components: [anIgnored("shop", "redis"), aComponent()],
      containers: [aContainer()],
    });
    assert.deepEqual(found.vanished, [{ service: "shop", component: "redis" }]);
    assert.equal(found.observations[0]?.state, "removed");
  });
});

describe("a skipped service", () => {
  test("has nothing observed, entered or dropped", () => {
    const found = look({
      components: [aComponent(), anIgnored("hello", "old")],
      containers: [aForeignContainer("hello-new"), aForeignContainer("other")],
      skip: (service) => service === "hello",
    });
    assert.deepEqual(found.observations, []);
    assert.deepEqual(found.vanished, []);
    assert.deepEqual(
      found.appeared.map(({ service }) => service),
      ["other"],
    );
  });

  test("still owns its containers", () => {
    const found = look({ components: [aComponent()], containers: [aContainer()], skip: () => true });
    assert.deepEqual(found.appeared, []);
  });
});
