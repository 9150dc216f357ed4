import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { aDeploy, aWeb, anOperation, createEngine } from "@metacircular/testkit/engine.ts";
import type { AgentEvent } from "../events/agent-event.ts";
import { currentSight } from "../registry/tags.ts";
import { createManualClock, createMemoryLogger } from "../test/monitor-fakes.ts";
import { createTagWatch } from "./tag-watch.ts";

const image = "mcr.example.net/web:v1";
const minuteMs = 60_000;

/** A watch each five minutes, without any chance, over a component that runs. */
async function aWatch() {
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await createEngine());
  await engine.run(aDeploy([aWeb("v1", { image }), aWeb("v1", { name: "api", image })]));
  const clock = createManualClock();
  const tag: { digest: string | undefined; isDown: boolean; asked: number; busy: boolean } = {
    ...{ digest: `sha256:${image}`, isDown: false, asked: 0, busy: false },
  };
  const events: AgentEvent[] = [];
  const watch = stack.use(
    createTagWatch({
      registry: engine.registry,
      runtime: engine.runtime,
      imageRegistry: {
        address: "mcr.example.net",
        async digestOf() {
          tag.asked += 1;
          if (!tag.isDown) return tag.digest;
          const facts = { code: "REGISTRY_UNREACHABLE", category: "unavailable", attempted: "ask" } as const;
          throw new DetailedError({ ...facts, found: "no answer" });
        },
        manifest: async () => ({}),
      },
      bus: {
        publish: (event) => void events.push(event),
        subscribe: (signal) => engine.bus.subscribe(signal),
      },
      locks: {
        holder: () =>
          tag.busy ? { operationId: "1", kind: "deploy", caller: "kyle", sinceMs: 0 } : undefined,
      },
      clock,
      logger: createMemoryLogger([]),
      intervalMs: 5 * minuteMs,
      random: () => 0.5,
    }),
  );
  watch.start();
  await clock.advance(1_000);
  const owned = stack.move();
  const sight = (component = "web") => {
    const record = engine.registry.components.get("hello", component);
    return record && currentSight(record, engine.registry.tags);
  };
  return { engine, clock, tag, events, sight, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe("the watch over tags", () => {
  test("looks at an interval, and announces once that a tag moved", async () => {
    await using world = await aWatch();
    const { clock, tag, events, sight } = world;
    assert.deepEqual([sight()?.moved, tag.asked], [false, 2]);
    tag.digest = "sha256:new";
    await clock.advance(4 * minuteMs);
    assert.equal(sight()?.moved, false);
    await clock.advance(2 * minuteMs);
    const movedSinceMs = sight()?.movedSinceMs;
    assert.deepEqual([sight()?.moved, sight()?.digest], [true, "sha256:new"]);
    await clock.advance(20 * minuteMs);
    assert.equal(sight()?.movedSinceMs, movedSinceMs);
    assert.deepEqual(events.map(({ type, component }) => `${type} ${component}`).toSorted(), [
      "tag-moved api",
      "tag-moved web",
    ]);
    tag.digest = "sha256:newer";
    await clock.advance(6 * minuteMs);
    assert.equal(events.length, 4);
  });

  test("asks a registry that is down once a round and ever more seldom, and keeps what it knew", async () => {
    await using world = await aWatch();
    const { clock, tag, sight } = world;
    const known = sight();
    tag.isDown = true;
    tag.asked = 0;
    await clock.advance(6 * minuteMs);
    // Two look at the same moment.
    assert.ok(tag.asked <= 2);
    assert.match(sight()?.error ?? "", /no answer/u);
    assert.deepEqual([sight()?.digest, sight()?.checkedAtMs], [known?.digest, known?.checkedAtMs]);
    tag.asked = 0;
    await clock.advance(120 * minuteMs);
    assert.ok(tag.asked <= 2 * 4, `it was asked ${tag.asked} times in two hours`);
    tag.isDown = false;
    await clock.advance(45 * minuteMs);
    assert.equal(sight()?.error, "");
    tag.asked = 0;
    await clock.advance(11 * minuteMs);
    assert.equal(tag.asked, 4);
  });

  test("says that the tag is gone", async () => {
    await using world = await aWatch();
    world.tag.digest = undefined;
    await world.clock.advance(6 * minuteMs);
    assert.match(world.sight()?.error ?? "", /does not have it/u);
    assert.equal(world.sight()?.moved, false);
  });

  test("says nothing of an image that is declared and not deployed yet", async () => {
    await using world = await aWatch();
    const { engine, clock, tag, events, sight } = world;
    tag.digest = "sha256:new";
    const components = ["web", "api"].map((name) =>
      aWeb("v1", { name, image: name === "web" ? "mcr.example.net/web:v2" : image }),
    );
    const declared = { name: "hello", node: "", active: true, components };
    await engine.run({ kind: "sync", service: "hello", declared });
    await clock.advance(6 * minuteMs);
    assert.equal(sight(), undefined);
    assert.equal(sight("api")?.moved, true);
    assert.deepEqual(
      events.map(({ type, component }) => `${type} ${component}`),
      ["tag-moved api"],
    );
  });

  test("says nothing of what is being changed or is gone", async () => {
    await using world = await aWatch();
    const { engine, clock, tag, events, sight } = world;
    tag.digest = "sha256:new";
    tag.busy = true;
    await clock.advance(6 * minuteMs);
    assert.deepEqual([sight()?.moved, events.length], [false, 0]);
    tag.busy = false;
    await engine.run(anOperation("undeploy"));
    await clock.advance(6 * minuteMs);
    assert.deepEqual([engine.registry.tags.all(), events], [[], []]);
  });
});
