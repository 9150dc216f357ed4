import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { aComponent } from "@metacircular/testkit/specs.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { openRegistry } from "./registry.ts";

const clock: Clock = { now: () => Date.parse("2026-11-21T10:00:00Z"), sleep: () => Promise.resolve() };

async function withRegistry(body: (registry: ReturnType<typeof openRegistry>) => void): Promise<void> {
  await using directory = await createTemporaryDirectory();
  using registry = openRegistry(join(directory.path, "mcp.db"), clock);
  body(registry);
}

const full = aComponent({
  name: "api",
  image: "localhost/api:v1.2.3",
  network: "backend",
  user: "0:0",
  restart: "always",
  ports: ["127.0.0.1:80:80", "53:53/udp"],
  volumes: ["/srv/shop:/data", "/etc/hosts:/etc/hosts:ro"],
  cmd: ["server", "--config", "", "server"],
  env: ["A=1", "B=", "A=2"],
  routes: [
    { name: "", port: 443, mode: "l7", hostname: "shop.example" },
    { name: "rest", port: 8443, mode: "l4", hostname: "" },
  ],
  health: {
    probe: { kind: "cmd", argv: ["true"] },
    intervalMs: 1,
    timeoutMs: 2,
    deadlineMs: 3,
    settleMs: 4,
  },
  update: "start-first",
});

test("a component comes back from the registry as it was recorded, lists in their order", () =>
  withRegistry((registry) => {
    registry.services.record("shop", true);
    registry.components.record({
      service: "shop",
      spec: full,
      desired: "running",
      hostPorts: { "": 20_000, rest: 20_001 },
      version: "v1.2.3",
      imageDigest: "sha256:1",
      position: 0,
    });
    const component = registry.components.get("shop", "api");
    assert.deepEqual(component?.spec, full);
    assert.deepEqual(component.hostPorts, { "": 20_000, rest: 20_001 });
    assert.equal(component.observed.state, "unknown");
  }));

test("recording a component again replaces what it declared", () =>
  withRegistry((registry) => {
    registry.services.record("shop", true);
    const entry = {
      service: "shop",
      desired: "running",
      hostPorts: {},
      version: "",
      imageDigest: "",
      position: 0,
    } as const;
    registry.components.record({ ...entry, spec: full });
    registry.components.record({ ...entry, spec: aComponent({ name: "api" }) });
    assert.deepEqual(registry.components.get("shop", "api")?.spec, aComponent({ name: "api" }));
  }));

test("a service that only has containers of others is not ours to plan for", () =>
  withRegistry((registry) => {
    registry.services.record("shop", false);
    registry.components.record({
      service: "shop",
      spec: full,
      desired: "ignore",
      hostPorts: {},
      version: "",
      imageDigest: "",
      position: 0,
    });
    assert.equal(registry.service("shop"), undefined);
    assert.equal(registry.components.ofService("shop").length, 1);
  }));

test("revisions count from one in each service, and one operation stores one", () =>
  withRegistry(({ revisions }) => {
    const append = (service: string, operation: string) =>
      revisions.append({
        spec: { name: service, node: "", active: true, components: [full] },
        caller: "alice",
        operation,
        digests: { api: "sha256:1" },
      });
    assert.deepEqual(
      [append("shop", "1"), append("shop", "2"), append("blog", "3"), append("shop", "2")],
      [1, 2, 1, 2],
    );
    assert.deepEqual(
      revisions.list("shop", 10).map((revision) => revision.number),
      [2, 1],
    );
    revisions.prune(1);
    assert.deepEqual(
      revisions.list("shop", 10).map((revision) => revision.number),
      [2],
    );
    assert.equal(revisions.get("blog", 1)?.caller, "alice");
  }));

test("the journal lists what is unfinished and keeps what a finished operation ended with", () =>
  withRegistry(({ operations }) => {
    const intent = { kind: "restart", service: "shop", component: "api" } as const;
    operations.begin({ id: "one", caller: "alice", intent, startedAtMs: 1_000 });
    operations.recordSteps("one", [{ kind: "check-disk", component: "" }], 0);
    operations.beginAgain("one");
    assert.deepEqual(
      operations.unfinished().map(({ id, attempts, component }) => ({ id, attempts, component })),
      [{ id: "one", attempts: 2, component: "api" }],
    );
    const results = [{ component: "api", outcome: "changed" }] as const;
    operations.finish("one", { outcome: "succeeded", results, step: 1 });
    assert.deepEqual(operations.unfinished(), []);
    assert.deepEqual(operations.get("one")?.results, results);
    assert.equal(operations.prune(clock.now() + 1, 10), 1);
    assert.equal(operations.get("one"), undefined);
  }));

test("events are pruned by their time and trimmed by their number, oldest first", () =>
  withRegistry(({ events }) => {
    for (const atMs of [1_000, 2_000, 3_000]) {
      events.append({ service: "shop", component: "api", previous: "running", next: "exited", atMs });
    }
    assert.equal(events.prune(2_500, 1), 1);
    assert.deepEqual(
      events.recent({ service: "shop", sinceMs: 0, limit: 10 }).map((event) => event.atMs),
      [3_000, 2_000],
    );
    assert.equal(events.trim(2, 10), 0);
    assert.equal(events.trim(1, 10), 1);
    assert.deepEqual(
      events.recent({ service: "", sinceMs: 0, limit: 10 }).map((event) => event.atMs),
      [3_000],
    );
  }));
