import assert from "node:assert/strict";
import { test } from "node:test";
import { labels } from "../runtime/runtime.ts";
import { aListed, createObserverWorld } from "../test/monitor-fakes.ts";

const now = { from: "runtime" } as const;
const holder = { operationId: "op-1", kind: "deploy", caller: "ada", sinceMs: 0 } as const;

/** A world in which hello/web runs and that is recorded. */
async function runningWorld() {
  const world = await createObserverWorld();
  world.register("hello", "web");
  world.containers = [aListed()];
  await world.observer.observe(now);
  world.published.length = 0;
  return world;
}

test("a crash is recorded with its source, exit code, time and event, and published once", async () => {
  await using world = await runningWorld();
  world.containers = [aListed({ state: "exited", exitCode: 3, pid: 0 })];
  await world.clock.advance(5_000);
  await world.observer.observe({ from: "watch" });
  const atMs = world.clock.now();
  assert.deepEqual(world.stateOf("hello", "web"), {
    state: "exited",
    atMs,
    from: "watch",
    exitCode: 3,
    startedAtMs: 0,
    specHash: "",
  });
  assert.deepEqual(world.events(), ["hello/web unknown -> running", "hello/web running -> exited"]);
  assert.deepEqual(world.published, [
    {
      type: "state-changed",
      atMs,
      service: "hello",
      component: "web",
      previous: "running",
      next: "exited",
      desired: "running",
      exitCode: 3,
    },
  ]);
});

test("a listing that shows nothing new moves the time of the observation and records no event", async () => {
  await using world = await runningWorld();
  await world.clock.advance(60_000);
  await world.observer.observe(now);
  assert.equal(world.stateOf("hello", "web")?.atMs, world.clock.now());
  assert.equal(world.events().length, 1);
  assert.deepEqual(world.published, []);
});

test("a burst of calls costs one listing, and calls during a listing share one more", async () => {
  await using world = await runningWorld();
  const before = world.listings;
  const burst = Array.from({ length: 50 }, () => world.observer.observe(now));
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(world.listings, before + 1, "the first listing is under way");
  const late = Array.from({ length: 50 }, () => world.observer.observe(now));
  await Promise.all([...burst, ...late]);
  assert.equal(world.listings, before + 2);
});

test("aborting one caller leaves the listing to the others", async () => {
  await using world = await runningWorld();
  const impatient = new AbortController();
  const aborted = world.observer.observe(now, impatient.signal);
  const patient = world.observer.observe(now);
  impatient.abort(new Error("gone"));
  await assert.rejects(aborted, /gone/);
  assert.equal((await patient).containers.length, 1);
});

test("components of a held service are left alone, and observed when asked for by name", async () => {
  await using world = await runningWorld();
  using _lock = world.locks.acquire("hello", holder, 0);
  world.containers = [];
  await world.observer.observe(now);
  assert.equal(world.stateOf("hello", "web")?.state, "running");
  const { observations } = await world.observer.observe({ ...now, service: "hello" });
  assert.equal(world.stateOf("hello", "web")?.state, "removed");
  assert.deepEqual(
    observations.map(({ ours }) => ours),
    [true],
    "what happens while an operation holds the service is our own doing",
  );
});

test("observing one service leaves the others as they are", async () => {
  await using world = await runningWorld();
  world.register("other", "other");
  await world.observer.observe({ ...now, service: "hello" });
  assert.equal(world.stateOf("other", "other")?.state, "unknown");
});

test("a listing that an operation overtook says nothing about its service", async () => {
  await using world = await runningWorld();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  world.beforeListingEnds = () => ended;
  world.containers = [];
  const overtaken = world.observer.observe(now);
  await world.clock.advance(10);
  const intent = { kind: "stop", service: "hello" } as const;
  world.registry.operations.begin({ id: "op-1", caller: "ada", intent, startedAtMs: world.clock.now() });
  world.registry.operations.finish("op-1", { outcome: "succeeded", results: [], step: 0 });
  end();
  assert.deepEqual((await overtaken).observations, []);
  assert.equal(world.stateOf("hello", "web")?.state, "running");

  await world.clock.advance(10);
  await world.observer.observe(now);
  assert.equal(world.stateOf("hello", "web")?.state, "removed", "this listing began after the operation");
});

test("an operation that waits to be taken up again has its service to itself", async () => {
  await using world = await runningWorld();
  const intent = { kind: "stop", service: "hello" } as const;
  world.registry.operations.begin({ id: "op-1", caller: "ada", intent, startedAtMs: world.clock.now() });
  world.containers = [];
  await world.clock.advance(10);
  await world.observer.observe(now);
  assert.equal(world.stateOf("hello", "web")?.state, "running");
});

test("a restart between two listings is recorded as an end and a start", async () => {
  await using world = await runningWorld();
  world.containers = [aListed({ pid: 43 })];
  await world.observer.observe(now);
  assert.deepEqual(world.events().slice(1), ["hello/web running -> exited", "hello/web exited -> running"]);
});

test("a replacement by our own operation is no restart", async () => {
  await using world = await runningWorld();
  using _lock = world.locks.acquire("hello", holder, 0);
  world.containers = [aListed({ id: "another", pid: 43, startedAtMs: 9_000 })];
  await world.observer.observe({ ...now, service: "hello" });
  assert.equal(world.events().length, 1);
});

test("the process table overrules a runtime that still says running, for as long as it says so", async () => {
  await using world = await runningWorld();
  assert.equal(world.observer.sweep(), false);
  world.gone.add(42);
  assert.equal(world.observer.sweep(), true);
  const observed = world.observer.observe({ from: "process" });
  await world.clock.advance(1_000);
  await observed;
  const { state, from, exitCode } = world.stateOf("hello", "web") ?? {};
  assert.deepEqual({ state, from, exitCode }, { state: "exited", from: "process", exitCode: undefined });

  const listings = world.listings;
  await world.observer.observe(now);
  assert.equal(world.stateOf("hello", "web")?.state, "exited");
  assert.equal(world.listings, listings + 1, "what is known is not checked twice");
  assert.equal(world.observer.sweep(), false, "what is known is not reported again");
  assert.equal(world.events().length, 2);
});

test("a runtime that notices the end a moment later is believed, with its exit code", async () => {
  await using world = await runningWorld();
  world.gone.add(42);
  const observed = world.observer.observe({ from: "watch" });
  await world.clock.advance(50);
  world.containers = [aListed({ state: "exited", exitCode: 7, pid: 0 })];
  await world.clock.advance(1_000);
  await observed;
  const { from, exitCode } = world.stateOf("hello", "web") ?? {};
  assert.deepEqual({ from, exitCode }, { from: "watch", exitCode: 7 });
});

test("a container that lost its process while it was being stopped has exited", async () => {
  await using world = await runningWorld();
  world.containers = [aListed({ state: "stopping", pid: 0 })];
  world.gone.add(42);
  const observed = world.observer.observe(now);
  await world.clock.advance(1_000);
  await observed;
  assert.equal(world.stateOf("hello", "web")?.state, "exited");
});

test("a foreign container gets an ignored entry and loses it when it is gone, with its service", async () => {
  await using world = await runningWorld();
  const redis = aListed({
    name: "shop-redis",
    labels: {},
    image: "docker.io/library/redis:7.2",
    ports: ["127.0.0.1:6379:6379/tcp"],
  });
  world.containers = [aListed(), redis];
  await world.observer.observe(now);
  const entry = world.registry.components.get("shop", "redis");
  assert.equal(entry?.desired, "ignore");
  assert.equal(entry.version, "7.2");
  assert.equal(entry.observed.state, "running");
  assert.deepEqual(entry.spec.ports, ["127.0.0.1:6379:6379/tcp"]);
  assert.equal(world.registry.services.isActive("shop"), false);

  world.containers = [aListed(), { ...redis, image: "docker.io/library/redis:8.0" }];
  await world.observer.observe(now);
  assert.equal(world.registry.components.get("shop", "redis")?.version, "8.0");

  world.containers = [aListed()];
  await world.observer.observe(now);
  assert.equal(world.registry.components.get("shop", "redis"), undefined);
  assert.deepEqual(world.registry.services.names(), ["hello"]);
  assert.deepEqual(world.events().slice(1), [
    "shop/redis unknown -> running",
    "shop/redis running -> removed",
  ]);
});

test("a foreign container beside managed components leaves them and their service alone", async () => {
  await using world = await runningWorld();
  const impostor = aListed({ id: "impostor", labels: {} });
  world.containers = [impostor, aListed({ name: "hello-debug", labels: {} })];
  await world.observer.observe(now);
  const web = world.registry.components.get("hello", "web");
  assert.deepEqual([web?.desired, web?.observed.state], ["running", "removed"]);
  assert.equal(world.registry.components.get("hello", "debug")?.desired, "ignore");
  world.containers = [];
  await world.observer.observe(now);
  assert.deepEqual(
    world.registry.components.all().map(({ spec }) => spec.name),
    ["web"],
  );
  assert.equal(world.registry.services.isActive("hello"), true);
});

test("a second container of a replacement is neither foreign nor the component", async () => {
  await using world = await runningWorld();
  const beside = { [labels.service]: "hello", [labels.component]: "web" };
  world.containers = [aListed(), aListed({ name: "hello-web.previous", labels: beside, state: "exited" })];
  await world.observer.observe(now);
  assert.equal(world.registry.components.all().length, 1);
  assert.equal(world.stateOf("hello", "web")?.state, "running");
});

test("components are unknown after two failed listings, said once, and nothing is recorded as changed", async () => {
  await using world = await runningWorld();
  world.register("held", "held");
  world.listingFails = true;
  await assert.rejects(world.observer.observe(now), /connection refused/);
  assert.equal(
    world.stateOf("hello", "web")?.state,
    "running",
    "one failure may be a restart of the runtime",
  );
  for (let failure = 0; failure < 5; failure += 1) await assert.rejects(world.observer.observe(now));
  assert.equal(world.stateOf("hello", "web")?.state, "unknown");
  world.listingFails = false;
  await world.observer.observe(now);
  assert.equal(world.stateOf("hello", "web")?.state, "running");
  assert.deepEqual(
    world.events().filter((event) => event.startsWith("hello")),
    ["hello/web unknown -> running"],
  );
  assert.deepEqual(
    world.log.map(({ level, message }) => `${level}: ${message}`),
    ["warn: cannot list containers: their state is unknown", "info: containers can be listed again"],
  );
});

test("what changed while the runtime could not be reached is recorded as one change", async () => {
  await using world = await runningWorld();
  world.listingFails = true;
  await assert.rejects(world.observer.observe(now));
  await assert.rejects(world.observer.observe(now));
  world.listingFails = false;
  world.containers = [aListed({ state: "exited", exitCode: 1, pid: 0 })];
  await world.observer.observe(now);
  assert.deepEqual(world.events().slice(1), ["hello/web running -> exited"]);
});

test("a component that was undeployed and deployed again starts from unknown", async () => {
  await using world = await runningWorld();
  world.registry.services.forget("hello");
  world.register("hello", "web");
  world.containers = [aListed({ id: "another", pid: 43, startedAtMs: 9_000 })];
  await world.observer.observe(now);
  assert.deepEqual(world.events().slice(1), ["hello/web unknown -> running"]);
});

test("subscribers hear of every recorded listing until they end their subscription", async () => {
  await using world = await runningWorld();
  const heard: number[] = [];
  {
    using _subscription = world.observer.subscribe(({ observations }) => heard.push(observations.length));
    await world.observer.observe(now);
  }
  await world.observer.observe(now);
  assert.deepEqual(heard, [1]);
});
