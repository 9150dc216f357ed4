import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createIdentityClient } from "../client.ts";

type Answer = readonly [status: number, body: unknown] | "cut";

const tokens = { access_token: "a.b.c", refresh_token: "r", expires_in: 60, token_type: "Bearer" };
const device = {
  device_code: "d",
  user_code: "BCDF-GHJK",
  verification_uri: "https://localhost/device",
  expires_in: 600,
  interval: 5,
};

/** An identity service that says what the test wants, and a client whose clock the test reads. */
async function aClient(t: TestContext, answers: Record<string, Answer[]>) {
  const directory = await createTemporaryDirectory();
  const { caFile, certFile, keyFile } = await createTestCertificates(join(directory.path, "certs"));
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`;
  const endpoint = (name: string): [string, string] => [`${name}_endpoint`, `${issuer}/${name}`];
  const names = ["token", "revocation", "device_authorization", "userinfo"];
  const metadata = { issuer, ...Object.fromEntries(names.map(endpoint)) };
  server.on("request", (request: IncomingMessage, response) => {
    const name = (request.url ?? "").slice(1);
    const queue = answers[name];
    const answer: Answer = queue?.shift() ?? [200, metadata];
    request.resume();
    if (answer === "cut") {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer[0], { "content-type": "application/json", "retry-after": "7" });
    response.end(JSON.stringify(answer[1]));
  });
  const sleeps: number[] = [];
  const clock = {
    ms: 0,
    now: () => clock.ms,
    async sleep(durationMs: number, signal?: AbortSignal) {
      signal?.throwIfAborted();
      sleeps.push(durationMs);
      clock.ms += durationMs;
    },
  };
  const client = createIdentityClient({ issuer, caFile, clock, timeoutMs: 60_000 });
  t.after(async () => {
    client[Symbol.dispose]();
    server.closeAllConnections();
    server.close();
    await directory[Symbol.asyncDispose]();
  });
  return { client, sleeps };
}

const pending: Answer = [400, { error: "authorization_pending" }];
const login = { username: "alice", password: "x", serviceName: "test" };

describe("the identity client", () => {
  test("waits between polls, longer when told so and when the connection fails", async (t) => {
    const { client, sleeps } = await aClient(t, {
      device_authorization: [[200, device]],
      token: [pending, [400, { error: "slow_down" }], "cut", [200, tokens]],
    });
    const { accessToken } = await client.pollDeviceLogin(await client.startDeviceLogin());
    assert.equal(accessToken, "a.b.c");
    assert.deepEqual(sleeps, [5000, 5000, 10_000, 20_000]);
  });

  test("gives up a device login when its code has expired, or the caller has", async (t) => {
    const many = Array.from({ length: 200 }, () => pending);
    const { client } = await aClient(t, { device_authorization: [[200, device]], token: many });
    const started = await client.startDeviceLogin();
    const stopped = AbortSignal.abort();
    await assert.rejects(client.pollDeviceLogin(started, stopped), { code: "CANCELLED" });
    await assert.rejects(client.pollDeviceLogin(started), { code: "DEVICE_LOGIN_EXPIRED" });
  });

  test("returns tokens with the time they end", async (t) => {
    const { client } = await aClient(t, { token: [[200, tokens]] });
    assert.deepEqual(await client.login(login), {
      accessToken: "a.b.c",
      refreshToken: "r",
      expiresAtMs: 60_000,
    });
  });

  test("says what each refusal means", async (t) => {
    const cases: [Answer, string, string][] = [
      [[400, { error: "invalid_grant" }], "LOGIN_REFUSED", "unauthenticated"],
      [[401, { error: "invalid_client" }], "LOGIN_REFUSED", "unauthenticated"],
      [[429, { error: "account_locked" }], "ACCOUNT_LOCKED", "resource-exhausted"],
      [[429, { error: "too_many_attempts" }], "TOO_MANY_ATTEMPTS", "resource-exhausted"],
      [[500, { error: "server_error" }], "IDENTITY_UNAVAILABLE", "unavailable"],
      [[502, "<html>"], "IDENTITY_UNAVAILABLE", "unavailable"],
      [[200, { access_token: 5 }], "IDENTITY_UNAVAILABLE", "unavailable"],
      ["cut", "IDENTITY_UNAVAILABLE", "unavailable"],
    ];
    const { client } = await aClient(t, { token: cases.map(([answer]) => answer) });
    for (const [answer, code, category] of cases) {
      await assert.rejects(client.login(login), { code, category }, JSON.stringify(answer));
    }
  });

  test("names how long to wait when locked", async (t) => {
    const { client } = await aClient(t, { token: [[429, { error: "account_locked" }]] });
    await assert.rejects(client.login(login), { facts: { retryAfterSeconds: "7" }, subject: "alice" });
  });

  test("refuses a service that calls itself something else", async (t) => {
    const { client } = await aClient(t, {
      ".well-known/openid-configuration": [[200, { issuer: "https://evil.example" }]],
    });
    await assert.rejects(client.login(login), { code: "IDENTITY_UNAVAILABLE" });
  });

  test("says unavailable when nobody listens", async () => {
    using client = createIdentityClient({ issuer: `https://localhost:${await freePort()}` });
    await assert.rejects(client.whoAmI("a.b.c"), { code: "IDENTITY_UNAVAILABLE", category: "unavailable" });
  });
});
