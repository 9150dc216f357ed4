import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { after, before, describe, test } from "node:test";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";

describe("a registry", () => {
  let registry: TestRegistry;

  before(async () => {
    registry = await startTestRegistry();
    tls.setDefaultCACertificates([
      ...tls.getCACertificates("default"),
      readFileSync(registry.caFile, "utf8"),
    ]);
  });
  after(() => registry[Symbol.asyncDispose]());

  test("says that it is healthy, also after a restart", async () => {
    const healthy = async (): Promise<void> => {
      const response = await fetch(`${registry.url}/healthz`);
      assert.equal(response.status, 200, await response.text());
    };
    await healthy();
    await registry.stop();
    await registry.start();
    await healthy();
  });
});
