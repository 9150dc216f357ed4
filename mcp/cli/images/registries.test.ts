import assert from "node:assert/strict";
import { test } from "node:test";

import { systemClock } from "@metacircular/mcdsl/clock.ts";

import { loginIn } from "./podman-login.ts";
import { openRegistries } from "./registries.ts";

const ours = "mcr.example.net:8443";

test("the login of the identity service is for the configured registry only, to the letter", async () => {
  let asked = 0;
  const token = async (): Promise<string> => {
    asked += 1;
    return "the-token";
  };
  const config = { registry: { address: ours, caFile: "/ca.pem" } };
  using registries = openRegistries({ config, token, environment: {}, clock: systemClock });
  assert.deepEqual(await registries.loginFor(`${ours}/team/hello:v1`), {
    address: ours,
    caFile: "/ca.pem",
    username: "token",
    password: "the-token",
  });
  for (const other of [
    "mcr.example.net",
    "mcr.example.net:8444",
    "evil.net",
    `${ours}.evil.net`,
    "localhost",
  ]) {
    assert.equal(await registries.loginFor(`${other}/team/hello:v1`), undefined, other);
  }
  assert.equal(asked, 1);
});

test("without a configured registry nothing gets the login", async () => {
  const token = (): Promise<string> => assert.fail("it was asked for the token");
  using registries = openRegistries({
    config: { registry: undefined },
    token,
    environment: {},
    clock: systemClock,
  });
  assert.equal(await registries.loginFor(`${ours}/team/hello:v1`), undefined);
});

test("a registry that does not answer and is not the configured one may have moved there", async () => {
  const config = { registry: { address: ours, caFile: "/ca.pem" } };
  const token = (): Promise<string> => assert.fail("it was asked for the token");
  using registries = openRegistries({ config, token, environment: {}, clock: systemClock });
  await assert.rejects(registries.digestOf("127.0.0.1:1/team/hello:v1", new AbortController().signal), {
    code: "REGISTRY_UNREACHABLE",
    subject: "127.0.0.1:1",
    remedy:
      /^if 127\.0\.0\.1:1 has moved to mcr\.example\.net:8443, the registry that is configured, write mcr\.example\.net:8443\/ in place of 127\.0\.0\.1:1\/ in the definition; else ./,
  });
});

test("what podman stored is read, and nothing else", () => {
  const text = JSON.stringify({
    auths: { "h:1": { auth: btoa("kyle:pass:word") }, "h:2": {} },
    credsStore: "x",
  });
  assert.deepEqual(loginIn(text, "h:1"), { username: "kyle", password: "pass:word" });
  for (const [content, address] of [
    [text, "h:2"],
    [text, "h:3"],
    ["{}", "h:1"],
    ["no json", "h:1"],
  ] as const) {
    assert.equal(loginIn(content, address), undefined);
  }
});
