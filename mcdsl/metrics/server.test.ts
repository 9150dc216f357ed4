import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { formatHostAndPort } from "../config/host-and-port.ts";
import type { Logger } from "../log/logger.ts";
import { startMetricsServer } from "./server.ts";

function createLoggerOf(errors: string[]): Logger {
  const ignore = () => {};
  const error = (_: object, message: string) => void errors.push(message);
  const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error, child: () => logger };
  return logger;
}

/** A server whose page is as given, at a time that stands still until it is moved. */
async function createServed(page: string | Error = "up 1\n") {
  const time = { nowMs: 0, renderings: 0 };
  const errors: string[] = [];
  const server = await startMetricsServer({
    address: { host: "127.0.0.1", port: 0 },
    clock: { now: () => time.nowMs, sleep: () => Promise.reject(new Error("nobody sleeps here")) },
    logger: createLoggerOf(errors),
    render() {
      time.renderings += 1;
      if (page instanceof Error) throw page;
      return page;
    },
  });
  const origin = `http://${formatHostAndPort(server.address)}`;
  return Object.assign(time, {
    server,
    errors,
    get: (path: string, method = "GET") => fetch(origin + path, { method, headers: { connection: "close" } }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}

test("it answers GET and HEAD of /metrics, and nothing else", async () => {
  await using served = await createServed();
  const answer = await served.get("/metrics?x=1");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(await answer.text(), "up 1\n");
  const head = await served.get("/metrics", "HEAD");
  assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "5", ""]);
  assert.equal((await served.get("/")).status, 404);
  assert.equal((await served.get("/metrics", "POST")).status, 405);
});

test("it makes the page once a second, however many ask", async () => {
  await using served = await createServed();
  for (let request = 0; request < 5; request += 1) await (await served.get("/metrics")).text();
  assert.equal(served.renderings, 1);
  served.nowMs = 1_000;
  await (await served.get("/metrics")).text();
  assert.equal(served.renderings, 2);
});

test("a page that cannot be made is said so, and nothing else suffers", async () => {
  await using served = await createServed(new Error("disk I/O error"));
  const answer = await served.get("/metrics");
  assert.deepEqual([answer.status, await answer.text()], [500, "the metrics cannot be made\n"]);
  assert.deepEqual(served.errors, ["the metrics cannot be made"]);
  assert.equal((await served.get("/")).status, 404);
});

test("a port that is taken is said so", async () => {
  await using served = await createServed();
  await assert.rejects(
    startMetricsServer({
      address: served.server.address,
      clock: { now: Date.now, sleep: async () => {} },
      render: () => "",
      logger: createLoggerOf([]),
    }),
    { code: "LISTEN_FAILED", found: "another program listens there" },
  );
});

test("readers that do not read, and callers that say nothing, keep nobody else waiting", async () => {
  await using served = await createServed("x".repeat(8_000_000));
  const { host, port } = served.server.address;
  const sockets = Array.from({ length: 8 }, () => connect(port, host).pause());
  for (const [index, socket] of sockets.entries()) {
    await once(socket, "connect");
    if (index % 2 === 0) socket.write("GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n");
  }
  assert.equal((await (await served.get("/metrics")).text()).length, 8_000_000);
  for (const socket of sockets) socket.destroy();
});

test("connections beyond a number are closed, and disposing closes all", async () => {
  const served = await createServed();
  const { host, port } = served.server.address;
  const sockets = Array.from({ length: 20 }, () => connect(port, host));
  // A connection that is not wanted may be reset.
  const ends = sockets.map((socket) => text(socket).catch(() => ""));
  await Promise.race(ends);
  await served[Symbol.asyncDispose]();
  assert.deepEqual(new Set(await Promise.all(ends)), new Set([""]));
});
