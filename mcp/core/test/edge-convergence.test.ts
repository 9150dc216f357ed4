import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aComponent, aRoute } from "@metacircular/testkit/specs.ts";
import { describeStep } from "../describe-step.ts";
import { wantedBy } from "../edge/wanted.ts";
import type { Intent } from "../intent.ts";
import type { ComponentSpec } from "../spec.ts";
import {
  createSimulatedNode,
  type Part,
  settings,
  type SimulatedNode,
  StepFailed,
} from "./simulated-node.ts";

/** Random numbers that are the same for the same seed (mulberry32). */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

type Random = ReturnType<typeof seeded>;

const hostnames = ["", "", "www.example.net", "a.svc.example.net", "b.svc.example.net"];
const parts = ["proxy", "names", "authority"] as const satisfies readonly Part[];

function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[random(items.length)];
  assert.ok(item !== undefined);
  return item;
}

/** Up to three components whose routes do not clash. */
function someComponents(random: Random): ComponentSpec[] {
  const taken = new Set<string>();
  return ["api", "web", "admin"].slice(0, 1 + random(3)).map((name) => {
    const routes = Array.from({ length: random(3) }, (_, index) =>
      aRoute({
        name: index === 0 ? "" : `route-${index}`,
        port: pick([443, 8443, 9443], random),
        mode: pick(["l4", "l7"] as const, random),
        hostname: pick(hostnames, random),
      }),
    ).filter(({ port, hostname }) => {
      const key = `${port} ${hostname}`;
      const isFree = !taken.has(key);
      taken.add(key);
      return isFree;
    });
    const update = pick(["auto", "start-first", "stop-first"] as const, random);
    return aComponent({ name, image: `localhost/${name}:v${random(3)}`, update, routes });
  });
}

function someIntent(random: Random, known: boolean): Intent {
  const kinds = [
    "deploy",
    "deploy",
    "deploy",
    "stop",
    "start",
    "restart",
    "repair",
    "undeploy",
    "edge",
  ] as const;
  const kind = known ? pick(kinds, random) : "deploy";
  if (kind === "deploy") {
    const spec = { name: "shop", node: "", active: random(8) > 0, components: someComponents(random) };
    return { kind, spec, component: "", recreate: random(5) === 0 };
  }
  return kind === "restart" || kind === "repair"
    ? { kind, service: "shop", component: "" }
    : { kind, service: "shop" };
}

/** What somebody may do behind the agent's back. */
function disturb(node: SimulatedNode, random: Random): void {
  const table = pick([node.routes, node.records, node.certificates], random);
  const key = [...table.keys()][0];
  if (key !== undefined) table.delete(key);
}

function flip(node: SimulatedNode, random: Random): void {
  const part = pick(parts, random);
  if (!node.down.delete(part)) node.down.add(part);
}

function run(node: SimulatedNode, intent: Intent, resumed = false): void {
  for (const step of node.plan(intent, resumed)) node.execute(step);
}

/** What the components that should run want at the edge, by what they lead to. */
function expected(node: SimulatedNode): { routes: string[]; names: string[]; certificates: string[] } {
  const running = [...node.registered.values()].filter(({ desired }) => desired === "running");
  const wanted = running.map(({ spec }) => ({ spec, ...wantedBy("shop", spec, settings) }));
  return {
    routes: wanted
      .flatMap(({ spec, routes }) =>
        routes.map(({ name, port, hostname, mode }) => {
          const current = node.containers(spec.name).find(({ slot }) => slot === "current");
          return `${port} ${hostname} ${mode} 127.0.0.1:${current?.hostPorts[name] ?? 0}`;
        }),
      )
      .toSorted(),
    names: [...new Set(wanted.flatMap(({ names }) => names))].toSorted(),
    certificates: [...new Set(wanted.flatMap(({ certificates }) => certificates))],
  };
}

function verify(node: SimulatedNode, last: Intent): void {
  const { routes, names, certificates } = expected(node);
  const seen = [...node.routes].map(([key, { mode, backend }]) => `${key} ${mode} ${backend}`);
  assert.deepEqual(seen.toSorted(), routes);
  assert.deepEqual([...node.records.keys()].toSorted(), names);
  for (const hostname of certificates)
    assert.ok(node.certificates.has(hostname), `no certificate: ${hostname}`);
  const left = node.plan({ kind: "edge", service: "shop" }).map((step) => describeStep("shop", step));
  assert.deepEqual(left, [], "the edge is not at rest");
  if (last.kind === "deploy") {
    const again = node.plan({ ...last, recreate: false }).filter(({ kind }) => kind !== "record-revision");
    const other = again.filter(({ kind }) => kind !== "record-service");
    assert.deepEqual(
      other.map((step) => describeStep("shop", step)),
      [],
      "the deploy is not at rest",
    );
  }
}

/** Five operations on one service, each of them cut off or not, with much happening meanwhile. */
function live(seed: number): { node: SimulatedNode; last: Intent } {
  const random = seeded(seed);
  const node = createSimulatedNode();
  let last: Intent = someIntent(random, false);
  for (let round = 0; round < 5; round += 1) {
    if (round > 0) last = someIntent(random, node.registered.size > 0);
    const steps = node.plan(last);
    const crashAfter = random(2) === 0 ? steps.length : random(steps.length + 1);
    try {
      for (const step of steps.slice(0, crashAfter)) {
        if (random(6) === 0) flip(node, random);
        node.execute(step);
      }
      if (crashAfter < steps.length) run(node, last, true);
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      // Somebody looks after the proxy, and tries again.
      node.down.delete("proxy");
      run(node, last, true);
    }
    if (random(3) === 0) disturb(node, random);
    if (random(4) === 0) run(node, { kind: "edge", service: "shop" });
  }
  return { node, last };
}

describe("the edge", () => {
  test("converges from every prefix of every operation, whatever is down or done meanwhile", () => {
    for (let seed = 1; seed <= 1_500; seed += 1) {
      try {
        const { node, last } = live(seed);
        node.down.clear();
        run(node, { kind: "edge", service: "shop" });
        run(node, { kind: "repair", service: "shop", component: "" });
        verify(node, last);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
});
