import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";
import { batchesOf } from "./upload-source.ts";

test("the memory of a request's body is given back with each batch, and the content came before", async () => {
  await using server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const content = Buffer.alloc(3_000_000, "0123456789");
  const client = request({ host: "127.0.0.1", port, method: "PUT" });
  client.end(content);
  const [incoming, response] = (await once(server, "request")) as [IncomingMessage, NodeJS.WritableStream];
  const came: Buffer[] = [];
  using batches = batchesOf(incoming);
  for (;;) {
    const batch = await batches.next();
    if (batch === undefined) break;
    came.push(...batch.map((piece) => Buffer.from(piece)));
    batches.release(batch);
    assert.deepEqual(
      batch.filter((piece) => piece.length > 0),
      [],
    );
  }
  assert.ok(batches.isComplete);
  assert.ok(Buffer.concat(came).equals(content));
  response.end();
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  await answer.resume().toArray();
});

test("buffers of any other source are left alone", async () => {
  const piece = Buffer.alloc(100_000, "a");
  using batches = batchesOf(Readable.from([piece]));
  const batch = await batches.next();
  assert.ok(batch);
  batches.release(batch);
  assert.ok(piece.equals(Buffer.alloc(100_000, "a")));
});
