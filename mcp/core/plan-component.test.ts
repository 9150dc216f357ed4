import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aComponent } from "@metacircular/testkit/specs.ts";
import type { ObservedContainer } from "./observed.ts";
import { planContainers, startsFirst, type ContainerTarget } from "./plan-component.ts";
import { aContainer, kinds, newHash, oldHash, running, spec, startFirst } from "./test/component-plans.ts";

describe("the plan for one component", () => {
  const cases: {
    title: string;
    target: ContainerTarget;
    observed: ObservedContainer[];
    expected: string[];
  }[] = [
    {
      title: "should do nothing when the wanted version runs",
      target: running(),
      observed: [aContainer("current")],
      expected: [],
    },
    {
      title: "should create where there is nothing",
      target: running(),
      observed: [],
      expected: ["create current", "start current", "await current"],
    },
    {
      title: "should keep the old container until the new one is healthy, stop first",
      target: running(),
      observed: [aContainer("current", { specHash: oldHash })],
      expected: [
        "stop current",
        "rename current previous",
        "create current",
        "start current",
        "await current",
        "remove previous",
      ],
    },
    {
      title: "should run the new container beside the old one, start first",
      target: running({ spec: startFirst }),
      observed: [aContainer("current", { specHash: oldHash })],
      expected: [
        "create next",
        "start next",
        "await next",
        "stop current",
        "remove current",
        "rename next current",
      ],
    },
    {
      title: "should go on after a crash between removing the old container and renaming the new one",
      target: running({ spec: startFirst }),
      observed: [aContainer("next")],
      expected: ["await next", "rename next current"],
    },
    {
      title: "should go on after a crash between renaming the old container and creating the new one",
      target: running(),
      observed: [aContainer("previous", { specHash: oldHash, running: false })],
      expected: ["create current", "start current", "await current", "remove previous"],
    },
    {
      title: "should replace a container whose tag now stands for another image",
      target: running({ imageId: "rebuilt" }),
      observed: [aContainer("current")],
      expected: [
        "stop current",
        "rename current previous",
        "create current",
        "start current",
        "await current",
        "remove previous",
      ],
    },
    {
      title: "should start a container again that was started before the restart was asked for",
      target: running({ startedSinceMs: 2_000 }),
      observed: [aContainer("current")],
      expected: ["stop current", "start current", "await current"],
    },
    {
      title: "should not restart a container twice",
      target: running({ startedSinceMs: 500 }),
      observed: [aContainer("current")],
      expected: [],
    },
    {
      title: "should remove a container whose process is gone, and make a new one",
      target: running(),
      observed: [aContainer("current", { running: false, lost: true })],
      expected: ["remove current", "create current", "start current", "await current"],
    },
    {
      title: "should stop what runs",
      target: { want: "stopped" },
      observed: [aContainer("current")],
      expected: ["stop current"],
    },
    {
      title: "should not keep a stopped container of another version",
      target: { want: "stopped", specHash: newHash },
      observed: [aContainer("current", { specHash: oldHash })],
      expected: ["stop current", "remove current"],
    },
    {
      title: "should leave nothing behind when a component is absent",
      target: { want: "absent" },
      observed: [aContainer("current"), aContainer("previous", { running: false })],
      expected: ["remove previous", "stop current", "remove current"],
    },
    {
      title: "should bring the previous container back under its name and start it",
      target: restored("id-previous"),
      observed: [aContainer("current"), aContainer("previous", { running: false })],
      expected: [
        "stop current",
        "remove current",
        "rename previous current",
        "start current",
        "await current",
      ],
    },
    {
      title: "should start the old container before it removes one that runs beside it",
      target: restored("id-current"),
      observed: [aContainer("current", { running: false }), aContainer("next")],
      expected: ["start current", "await current", "stop next", "remove next"],
    },
    {
      title: "should touch nothing when the container to go back to is gone",
      target: restored("gone"),
      observed: [aContainer("current")],
      expected: [],
    },
  ];
  for (const { title, target, observed, expected } of cases) {
    test(title, () => assert.deepEqual(kinds(planContainers("api", target, observed)), expected));
  }

  test("should keep the ports of the container it replaces stop first, and take fresh ones start first", () => {
    const routes = [{ name: "rest", port: 443, mode: "l7", hostname: "" }] as const;
    const observed = [aContainer("current", { specHash: oldHash, hostPorts: { rest: 20_000 } })];
    const ports = (update: "start-first" | "stop-first") =>
      planContainers(
        "api",
        running({ spec: aComponent({ ...spec, routes, update }), freshPorts: { rest: 30_000 } }),
        observed,
      ).flatMap((step) => (step.kind === "create-container" ? [step.hostPorts] : []));
    assert.deepEqual(ports("stop-first"), [{ rest: 20_000 }]);
    assert.deepEqual(ports("start-first"), [{ rest: 30_000 }]);
  });
});

function restored(id: string): ContainerTarget {
  return { want: "restored", id, running: true, health: spec.health, firstRoute: "" };
}

describe("auto update", () => {
  const cases = [
    { title: "starts first with nothing to share", component: {}, expected: true },
    { title: "stops first with a fixed host port", component: { ports: ["8080:80"] }, expected: false },
    { title: "stops first with a writable volume", component: { volumes: ["/srv/a:/a"] }, expected: false },
    {
      title: "starts first with a read-only volume",
      component: { volumes: ["/srv/a:/a:ro"] },
      expected: true,
    },
    { title: "stops first on the host's network", component: { network: "host" }, expected: false },
  ];
  for (const { title, component, expected } of cases) {
    test(title, () => assert.equal(startsFirst(aComponent({ ...component, update: "auto" })), expected));
  }
});
