import assert from "node:assert/strict";
import type { TestRegistry } from "@metacircular/testkit/registry-server.ts";

/** Adds a rule about access, as an administrator does by REST. */
export async function putAccessRule(registry: TestRegistry, id: string, fields: object): Promise<void> {
  const response = await fetch(`${registry.url}/v1/rules/access/${id}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${registry.admin.token}`, "content-type": "application/json" },
    body: JSON.stringify(fields),
  });
  assert.equal(response.status, 200, await response.text());
}
