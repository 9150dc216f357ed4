import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { choosePort, isPortFree } from "./ports.ts";

test("the next free port is chosen where the preferred one is taken", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    assert.equal(await isPortFree(port), false);
    const chosen = await choosePort(port, new Set([port + 1]));
    assert.ok(chosen > port + 1, String(chosen));
  } finally {
    server.close();
  }
});
