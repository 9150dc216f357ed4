import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createHandlerContext } from "@connectrpc/connect";
import {
  McpAgent,
  WatchEventsRequestSchema,
  type WatchEventsResponse,
  WatchEventsResponseSchema,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { aDeploy, aWeb, createEngine, type Engine } from "@metacircular/testkit/engine.ts";
import { watchEventsMethods } from "./watch-events.ts";

const timeout = 10_000;

async function* watch(
  engine: Engine,
  request: MessageInitShape<typeof WatchEventsRequestSchema>,
): AsyncGenerator<WatchEventsResponse["event"]> {
  const method = McpAgent.method.watchEvents;
  const context = createHandlerContext({
    service: McpAgent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: "https://agent.example/",
  });
  const { watchEvents } = watchEventsMethods(engine);
  for await (const response of watchEvents(create(WatchEventsRequestSchema, request), context)) {
    yield create(WatchEventsResponseSchema, response).event;
  }
}

async function all(events: AsyncIterable<WatchEventsResponse["event"]>) {
  const collected: WatchEventsResponse["event"][] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

test(
  "what an operation has done is told again with the step that failed and its error",
  { timeout },
  async () => {
    await using engine = await createEngine();
    await engine.run(aDeploy([aWeb("v1")]));
    await engine.run(aDeploy([aWeb("exits")]), "failing");
    const events = await all(watch(engine, { operationId: "failing", follow: true }));
    const finished = events.flatMap((event) => (event.case === "stepFinished" ? [event.value] : []));
    assert.deepEqual(
      finished.map(({ index }) => index),
      finished.map((_, index) => index),
    );
    assert.deepEqual(
      finished.filter(({ error }) => error !== undefined).map(({ step, error }) => [step?.kind, error?.code]),
      [["await-healthy", "CONTAINER_EXITED"]],
    );
    assert.equal(finished.at(-1)?.step?.kind, "remove-container", "putting back is told, too");
    assert.deepEqual(
      events.slice(-2).map((event) => event.case),
      ["operationFinished", "caughtUp"],
    );
  },
);

test("a reader who missed the end of its operation is told that it is over", { timeout }, async () => {
  await using engine = await createEngine();
  const id = await engine.crash(aDeploy([aWeb("v1")]), { kind: "start-container", moment: "before" });
  const events = watch(engine, { operationId: id, follow: true });
  for await (const event of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) }) {
    if (event.case === "caughtUp") break;
  }
  const elsewhere = {
    atMs: engine.clock.now(),
    service: "other",
    component: "",
    operationId: "other",
  } as const;
  for (let count = 0; count < 1_000; count += 1) {
    const step = { kind: "check-disk", component: "" } as const;
    engine.bus.publish({ ...elsewhere, type: "step-started", index: count, step });
  }
  await engine.restart();
  const rest = await all(events);
  assert.deepEqual(
    rest.map((event) => event.case),
    ["eventsLost", "operationFinished"],
  );
  const [lost] = rest;
  assert.ok(lost?.case === "eventsLost" && lost.value.count > 1n);
});

test("the loss of recorded events beyond the newest 1,000 is announced", { timeout }, async () => {
  await using engine = await createEngine();
  const record = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      const next = index % 2 === 0 ? "running" : "exited";
      const event = { service: "hello", component: "web", previous: "unknown", next } as const;
      engine.registry.events.append({ ...event, atMs: engine.clock.now() + index });
    }
  };
  record(1_000);
  const since = timestampFromMs(engine.clock.now());
  const complete = await all(watch(engine, { since, service: "hello" }));
  assert.equal(complete.length, 1_001);
  assert.equal(complete[0]?.case, "stateChanged");
  record(1);
  const cut = await all(watch(engine, { since }));
  assert.deepEqual(
    [cut[0]?.case, cut[1]?.case, cut.at(-1)?.case],
    ["eventsLost", "stateChanged", "caughtUp"],
  );
  assert.equal(cut.length, 1_002);
});
