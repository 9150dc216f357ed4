import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentEvent } from "./agent-event.ts";
import { createEventBus, type Delivery } from "./event-bus.ts";

function anEvent(atMs: number): AgentEvent {
  return {
    type: "state-changed",
    atMs,
    service: "shop",
    component: "api",
    previous: "running",
    next: "exited",
    desired: "running",
    exitCode: 1,
  };
}

async function read(deliveries: AsyncIterable<Delivery>, count: number): Promise<Delivery[]> {
  const read: Delivery[] = [];
  for await (const delivery of deliveries) {
    read.push(delivery);
    if (read.length === count) break;
  }
  return read;
}

test("every subscriber receives what is published after it subscribed, in order", async () => {
  const bus = createEventBus();
  const over = new AbortController();
  const [first, second] = [bus.subscribe(over.signal), bus.subscribe(over.signal)];
  bus.publish(anEvent(1));
  bus.publish(anEvent(2));
  assert.deepEqual(await read(first, 2), [anEvent(1), anEvent(2)]);
  assert.deepEqual(await read(second, 2), [anEvent(1), anEvent(2)]);
});

test("a subscriber that waits is woken", async () => {
  const bus = createEventBus();
  const over = new AbortController();
  const waiting = read(bus.subscribe(over.signal), 1);
  setImmediate(() => bus.publish(anEvent(1)));
  assert.deepEqual(await waiting, [anEvent(1)]);
});

test("a subscriber that falls behind is told how many events it lost, and publishing never waits", async () => {
  const bus = createEventBus();
  const over = new AbortController();
  const deliveries = bus.subscribe(over.signal);
  for (let atMs = 0; atMs < 1_500; atMs += 1) bus.publish(anEvent(atMs));
  const received = await read(deliveries, 1_001);
  assert.deepEqual(received.at(-1), { type: "lost", count: 500 });
});

test("the iteration ends with its signal", async () => {
  const bus = createEventBus();
  const over = new AbortController();
  const waiting = read(bus.subscribe(over.signal), 1);
  setImmediate(() => over.abort());
  assert.deepEqual(await waiting, []);
});
