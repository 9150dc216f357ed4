import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createManifestReader } from "./request-body.ts";

function sending(bytes: number): { request: IncomingMessage; end: () => void } {
  const body = Object.assign(new PassThrough({ highWaterMark: 1_000 }), { headers: {} });
  body.write(Buffer.alloc(bytes));
  return { request: body as unknown as IncomingMessage, end: () => void body.end() };
}

test("who sends manifests slowly does not keep others from sending theirs", async () => {
  const read = createManifestReader({ maxBytes: 100, maxBytesAtOnce: 400 });
  const slow = sending(100);
  const pending = read(slow.request, "mallory");
  const more = sending(1);
  await assert.rejects(read(more.request, "mallory"), { code: "REGISTRY_BUSY" });
  const other = sending(100);
  other.end();
  assert.equal((await read(other.request, "alice")).length, 100);
  slow.end();
  assert.equal((await pending).length, 100);
  const again = sending(100);
  again.end();
  assert.equal((await read(again.request, "mallory")).length, 100);
});
