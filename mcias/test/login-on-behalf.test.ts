import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createIdentityClient, type IdentityClient } from "../client.ts";
import { PASSWORD, runIdentity, type RunningIdentity } from "./running-identity.ts";

describe("a service that passes logins on", () => {
  let identity: RunningIdentity;
  let client: IdentityClient;
  let registryToken: string;

  before(async () => {
    identity = await runIdentity("[login]\naddress_failures = 3\nfree_attempts = 100");
    await identity.administration.addHuman("alice", PASSWORD, []);
    registryToken = await identity.systemToken("mcr");
    client = createIdentityClient({ issuer: identity.issuer, caFile: identity.caFile });
  });
  after(async () => {
    client[Symbol.dispose]();
    await identity[Symbol.asyncDispose]();
  });

  const login = (password: string, address: string, actorToken: string) =>
    client.login({
      username: "alice",
      password,
      serviceName: "mcr",
      onBehalfOf: { address, actorToken },
    });
  const claim = async (parameters: Record<string, string>) => {
    const who = { grant_type: "password", client_id: "mcp", username: "alice", password: PASSWORD };
    const body = new URLSearchParams({ ...who, ...parameters });
    const response = await fetch(`${identity.issuer}/token`, { method: "POST", body });
    return { status: response.status, body: (await response.json()) as { error?: string } };
  };

  test("says where its client is, and the audit log has that address and the service", async () => {
    await login(PASSWORD, "203.0.113.5", registryToken);
    const entries = identity.stores.audit.list({});
    const found = entries.find(({ event, address }) => event === "login" && address === "203.0.113.5");
    assert.equal(found?.outcome, "ok");
    assert.equal(found.detail, "by mcr");
    assert.ok(entries.some(({ event, address }) => event === "token-issued" && address === "203.0.113.5"));
  });

  test("has its clients' failures counted by their addresses, and not by its own", async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await assert.rejects(login("wrong", "203.0.113.66", registryToken), { code: "LOGIN_REFUSED" });
    }
    await assert.rejects(login(PASSWORD, "203.0.113.66", registryToken), { code: "TOO_MANY_ATTEMPTS" });
    await login(PASSWORD, "203.0.113.7", registryToken);
    await client.login({ username: "alice", password: PASSWORD, serviceName: "mcp" });
  });

  test("cannot block an address for other services", async () => {
    const otherToken = await identity.systemToken("other");
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await assert.rejects(login("wrong", "203.0.113.9", otherToken), { code: "LOGIN_REFUSED" });
    }
    await login(PASSWORD, "203.0.113.9", registryToken);
  });

  test("counts all addresses of one IPv6 subscriber as one", async () => {
    for (const host of ["1", "2", "3"]) {
      const refused = login("wrong", `2001:db8:0:7::${host}`, registryToken);
      await assert.rejects(refused, { code: "LOGIN_REFUSED" });
    }
    const blocked = login(PASSWORD, "2001:db8:0:7::4", registryToken);
    await assert.rejects(blocked, { code: "TOO_MANY_ATTEMPTS" });
  });

  test("is not believed without an access token of its own", async () => {
    const person = await login(PASSWORD, "203.0.113.5", registryToken);
    const claims: Record<string, Record<string, string>> = {
      "no token": { client_address: "203.0.113.10" },
      garbage: { client_address: "203.0.113.10", actor_token: "a.b.c" },
      "a human's token": { client_address: "203.0.113.10", actor_token: person.accessToken },
      "no address": { client_address: "mcr", actor_token: registryToken },
      "an address with a zone": { client_address: "fe80::1%eth0", actor_token: registryToken },
      "a token alone": { actor_token: registryToken },
    };
    for (const [name, parameters] of Object.entries(claims)) {
      const { status, body } = await claim(parameters);
      assert.deepEqual([status, body.error], [400, "invalid_request"], name);
      identity.clock.advance(600_000);
    }
    const entries = identity.stores.audit.list({});
    assert.ok(!entries.some(({ address }) => address === "203.0.113.10"));
  });

  test("is not believed once its token is revoked", async () => {
    const token = await identity.systemToken("gone");
    await client.revoke(token);
    await assert.rejects(login(PASSWORD, "203.0.113.11", token), { code: "IDENTITY_UNAVAILABLE" });
  });
});
