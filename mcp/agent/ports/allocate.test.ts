import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { createPortAllocator, firstPort, lastPort } from "./allocate.ts";

/** Random numbers that lead to these ports, again and again. */
function leadingTo(...ports: readonly number[]): () => number {
  let index = 0;
  return () => {
    const port = ports[index % ports.length] ?? firstPort;
    index += 1;
    return (port - firstPort + 0.5) / (lastPort - firstPort + 1);
  };
}

test("ports that belong to somebody are passed over", async () => {
  const allocator = createPortAllocator(leadingTo(23_001, 23_002));
  using promise = await allocator.allocate(["web"], new Set([23_001]));
  assert.deepEqual(promise.ports, { web: 23_002 });
});

test("a port is promised once, until the promise is given back", async () => {
  const allocator = createPortAllocator(leadingTo(23_003, 23_004));
  const first = await allocator.allocate(["web"], new Set());
  using second = await allocator.allocate(["web"], new Set());
  assert.deepEqual([first.ports, second.ports], [{ web: 23_003 }, { web: 23_004 }]);
  first[Symbol.dispose]();
  using third = await allocator.allocate(["web"], new Set());
  assert.deepEqual(third.ports, { web: 23_003 });
});

test("a port that something listens on is passed over", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const inRange = port >= firstPort && port <= lastPort;
  const allocator = createPortAllocator(leadingTo(inRange ? port : 23_005, 23_006));
  using promise = await allocator.allocate(["web"], new Set(inRange ? [] : [23_005]));
  server.close();
  assert.deepEqual(promise.ports, { web: 23_006 });
});

test("it gives up when nothing is free", async () => {
  const allocator = createPortAllocator(leadingTo(23_007));
  await assert.rejects(allocator.allocate(["web"], new Set([23_007])), { code: "NO_FREE_PORT" });
});
