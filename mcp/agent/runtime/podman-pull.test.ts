import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pullFailure } from "./podman-pull.ts";

const own = { address: "127.0.0.1:8484", caFile: "/trust/ca.crt" };
const digest = `sha256:${"a".repeat(64)}`;
const refused = "pinging container registry: dial tcp 127.0.0.1: connect: connection refused";

function remedyOf(reference: string, message: string, isConfigured = true): string {
  const circumstances = {
    certificatesDirectory: "/etc/containers/certs.d",
    ...(isConfigured ? { own } : {}),
  };
  return pullFailure(reference, JSON.stringify({ error: message }), circumstances)?.remedy ?? "";
}

describe("a pull that fails", () => {
  const moved =
    "if 127.0.0.1:8483 has moved to 127.0.0.1:8484, the registry that is configured, write 127.0.0.1:8484/ in place of 127.0.0.1:8483/ in the definition";

  test("names both registries where the image's is not the configured one", () => {
    assert.equal(
      remedyOf("127.0.0.1:8483/shop:v1", refused),
      `check that 127.0.0.1:8483 runs, and that the node reaches it; ${moved}`,
    );
    // Something else has the port by now.
    const untrusted = remedyOf("127.0.0.1:8483/shop:v1", "x509: certificate signed by unknown authority");
    assert.ok(untrusted.startsWith(`${moved}; else let podman trust its authority`));
  });

  test("says nothing of that for the configured one, or where none is", () => {
    const checked = (registry: string): string => `check that ${registry} runs, and that the node reaches it`;
    assert.equal(remedyOf("127.0.0.1:8484/shop:v1", refused), checked("127.0.0.1:8484"));
    assert.equal(remedyOf("127.0.0.1:8483/shop:v1", refused, false), checked("127.0.0.1:8483"));
  });

  test("leads who goes back to a digest to what can still be deployed", () => {
    const reference = `127.0.0.1:8484/shop:v1@${digest}`;
    assert.match(remedyOf(reference, "manifest unknown"), /another revision.*under a new tag/u);
    assert.match(remedyOf(reference, refused), /where mcp push-image sent it/u);
    assert.equal(
      remedyOf("127.0.0.1:8484/shop:v1", "manifest unknown"),
      "build and push the image, then deploy again",
    );
  });
});
