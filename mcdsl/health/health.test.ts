import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { createHealth, type Health, healthHandler } from "./health.ts";

describe("a health report", () => {
  test("is ready when all checks pass, also when there are none", async () => {
    const health = createHealth({ database: () => {}, runtime: async () => {} });
    assert.deepEqual(await health.report(), {
      ready: true,
      checks: [
        { name: "database", ok: true, message: "" },
        { name: "runtime", ok: true, message: "" },
      ],
    });
    assert.equal((await createHealth({}).report()).ready, true);
  });

  test("says which checks fail and why: by throwing, rejecting, or taking too long", async () => {
    const health = createHealth(
      {
        throws: () => {
          throw new Error("disk full");
        },
        rejects: () => Promise.reject(new Error("no answer", { cause: new Error("refused") })),
        hangs: () => new Promise(() => {}),
        passes: () => {},
      },
      { timeoutMs: 20 },
    );
    const { ready, checks } = await health.report();
    assert.equal(ready, false);
    assert.deepEqual(
      checks.map(({ name, message }) => [name, message]),
      [
        ["throws", "disk full"],
        ["rejects", "no answer: refused"],
        ["hangs", "no answer within 20 ms"],
        ["passes", ""],
      ],
    );
  });
});

async function get(health: Health, path: string, method = "GET"): Promise<{ status: number; text: string }> {
  const handle = healthHandler(health);
  await using server = createServer((request, response) => {
    void handle(request, response).then((handled) => handled || response.writeHead(404).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const response = await fetch(url, { method, headers: { connection: "close" } });
  return { status: response.status, text: await response.text() };
}

describe("healthHandler", () => {
  const failing = createHealth({
    a: () => {},
    b: () => Promise.reject(new Error("internal detail")),
  });

  test("answers 200 when ready and 503 when not, without the reasons", async () => {
    const ready = await get(createHealth({ a: () => {} }), "/healthz");
    assert.deepEqual([ready.status, JSON.parse(ready.text)], [200, { status: "ok", checks: { a: "ok" } }]);
    const not = await get(failing, "/healthz?verbose");
    assert.deepEqual(
      [not.status, JSON.parse(not.text)],
      [503, { status: "failing", checks: { a: "ok", b: "failing" } }],
    );
  });

  test("leaves other paths alone, answers HEAD without a body, and refuses other methods", async () => {
    assert.equal((await get(failing, "/other")).status, 404);
    assert.deepEqual(await get(failing, "/healthz", "HEAD"), { status: 503, text: "" });
    assert.equal((await get(failing, "/healthz", "POST")).status, 405);
  });
});
