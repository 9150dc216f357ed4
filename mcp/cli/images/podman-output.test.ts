import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BuildCount, buildFailure, isNoise, pushFailure } from "./podman-output.ts";

// As podman 4.3 writes it.
const built = `STEP 1/4: FROM localhost/base:v1
STEP 2/4: ARG GREETING=none
--> Using cache db001cd4cf52ecddec4bc3ae66997a2c9a3d9b2ba80ab1eed2efdb501955b904
--> db001cd4cf5
STEP 3/4: RUN echo "hello $GREETING" > /hello
--> 990bda50c56
STEP 4/4: LABEL "a"="b"
COMMIT`.split("\n");

test("instructions and those from the cache are counted", () => {
  const count = new BuildCount();
  for (const line of built) count.take(line);
  assert.deepEqual([count.steps, count.cachedSteps, count.isPulling], [4, 1, false]);
});

test("the download of a base image is known, and its end", () => {
  const count = new BuildCount();
  count.take("Trying to pull mcr.example.net/base:v1...");
  assert.equal(count.isPulling, true);
  count.take("STEP 2/2: RUN true");
  assert.equal(count.isPulling, false);
});

test("signatures and a warning about arguments that nobody gave are noise, one about others is not", () => {
  assert.equal(isNoise("Getting image source signatures"), true);
  const warning = "[Warning] one or more build args were not consumed: ";
  assert.equal(isNoise(`${warning}[TARGETARCH TARGETOS TARGETPLATFORM]`), true);
  assert.equal(isNoise(`${warning}[GREETING TARGETARCH TARGETOS TARGETPLATFORM]`), false);
});

test("a build that failed names its instruction", () => {
  const line = 'Error: building at STEP "RUN make \\"all\\"": while running runtime: exit status 2';
  assert.equal(buildFailure("i:v1", [line], 2).found, 'the instruction RUN make \\"all\\" failed');
  assert.match(buildFailure("i:v1", ["Error: no such file"], 125).found, /ended with status 125/);
  assert.match(buildFailure("i:v1", ["x"], null).found, /by a signal/);
});

test("the name of an image is no reason for a failed push", () => {
  const line = "Error: writing manifest: uploading manifest v1 to h:1/team/quota-tls: denied: no";
  assert.equal(pushFailure("h:1/team/quota-tls:v1", [line]).code, "REGISTRY_DENIED");
});

describe("a push that failed says", () => {
  const at = "Error: writing manifest: uploading manifest v1 to h:1/x: ";
  const cases: readonly [string, string, string][] = [
    [`${at}denied: cannot move tag x:v1: it stands for sha256:0`, "IMAGE_PUSH_FAILED", "failed-precondition"],
    [`${at}denied: requested access to the resource is denied`, "REGISTRY_DENIED", "permission-denied"],
    [`${at}unauthorized: authentication required`, "REGISTRY_DENIED", "unauthenticated"],
    ["Error: x509: certificate signed by unknown authority", "TLS_FAILED", "unavailable"],
    ["Error: dial tcp 127.0.0.1:1: connect: connection refused", "REGISTRY_UNREACHABLE", "unavailable"],
    ["Error: writing blob: no space left on device", "IMAGE_PUSH_FAILED", "resource-exhausted"],
    [`${at}denied: the quota of the repository is used up`, "IMAGE_PUSH_FAILED", "resource-exhausted"],
    ["Error: something else", "IMAGE_PUSH_FAILED", "failed-precondition"],
  ];
  for (const [line, code, category] of cases) {
    test(`${code} (${category}) for: ${line}`, () => {
      const failure = pushFailure("h:1/x:v1", ["Copying blob sha256:0", line]);
      assert.deepEqual([failure.code, failure.category, failure.output.at(-1)], [code, category, line]);
    });
  }
});
