import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { after, before, describe, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";

describe("a registry that is asked to stop", () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startTestRegistry();
  });
  after(() => registry[Symbol.asyncDispose]());

  test("lets a request in progress end", async () => {
    // Half a blob is sent; the rest follows once the server was asked to stop.
    const content = Buffer.alloc(1_000_000, "x");
    const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
    const answered = Promise.withResolvers<number | undefined>();
    const upload = request(
      `${registry.url}/v2/slow/app/blobs/uploads/?digest=${digest}`,
      {
        method: "POST",
        ca: readFileSync(registry.caFile),
        headers: {
          authorization: `Bearer ${registry.admin.token}`,
          "content-type": "application/octet-stream",
          "content-length": content.byteLength,
        },
      },
      (response) => {
        response.resume();
        answered.resolve(response.statusCode);
      },
    );
    upload.on("error", answered.reject);
    upload.write(content.subarray(0, 500_000));
    await eventually(async () => {
      const { body } = await registry.rest("GET", "/v1/status");
      assert.equal((body as { uploads_in_progress: number }).uploads_in_progress, 1);
    });
    const stopped = registry.stop();
    await registry.program.line((line) => line.includes("asked to stop"));
    upload.end(content.subarray(500_000));
    assert.equal(await answered.promise, 201);
    await stopped;
    assert.equal(registry.program.child.exitCode, 0);
    await registry.start();
    const { status } = await registry.rest("HEAD", `/v2/slow/app/blobs/${digest}`);
    assert.equal(status, 200);
  });
});
