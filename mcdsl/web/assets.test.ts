import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createAssets } from "./assets.ts";

test("files are kept by browsers for ever, under names that change with their content", async () => {
  const text = "body { color: red; }".repeat(50);
  const assets = createAssets({ "a.css": text, "b.js": "1" });
  const path = assets.path("a.css");
  assert.match(path, /^\/assets\/a\.[0-9a-f]{16}\.css$/);
  assert.notEqual(createAssets({ "a.css": `${text} ` }).path("a.css"), path);
  assert.throws(() => assets.path("c.css"), /there is no asset/);
  const server = createServer((request, response) => {
    if (!assets.serve(request, response, request.url ?? "")) response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    for (const encoding of ["br", "identity"]) {
      const response = await fetch(origin + path, { headers: { "accept-encoding": encoding } });
      assert.equal(response.status, 200);
      assert.equal(await response.text(), text);
      assert.equal(response.headers.get("content-encoding"), encoding === "br" ? "br" : null);
      assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assert.equal(response.headers.get("content-type"), "text/css; charset=utf-8");
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    }
    assert.equal((await fetch(`${origin}/assets/a.css`)).status, 404);
    assert.equal((await fetch(origin + path, { method: "POST" })).status, 404);
    assert.equal(await (await fetch(origin + path, { method: "HEAD" })).text(), "");
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
