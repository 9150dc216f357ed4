import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createTokenVerifier } from "@metacircular/mcdsl/auth/verifier.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { decodeProtectedHeader } from "jose";
import { createIdentityClient, type IdentityClient } from "../client.ts";
import { maintain } from "../maintenance.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { PASSWORD, runIdentity, type RunningIdentity } from "./running-identity.ts";

describe("a token", () => {
  let identity: RunningIdentity;
  let client: IdentityClient;
  let service: string;

  before(async () => {
    identity = await runIdentity();
    client = createIdentityClient({ issuer: identity.issuer, caFile: identity.caFile });
    await identity.administration.addHuman("alice", PASSWORD, []);
    service = await identity.systemToken("mcp-agent");
  });
  after(async () => {
    client[Symbol.dispose]();
    await identity[Symbol.asyncDispose]();
  });

  const login = () => client.login({ username: "alice", password: PASSWORD, serviceName: "mcp-agent" });
  const introspect = async (token: string): Promise<{ active: boolean; roles?: string[] }> => {
    const response = await fetch(`${identity.issuer}/introspect`, {
      method: "POST",
      headers: { authorization: `Bearer ${service}` },
      body: new URLSearchParams({ token }),
    });
    return (await response.json()) as { active: boolean; roles?: string[] };
  };
  const inactive = { active: false };

  test("dies when its account is disabled, and stays dead when it is enabled again", async () => {
    const tokens = await login();
    identity.administration.disable("alice");
    assert.deepEqual(await introspect(tokens.accessToken), inactive);
    await assert.rejects(login(), { code: "LOGIN_REFUSED" });
    identity.administration.enable("alice");
    assert.deepEqual(await introspect(tokens.accessToken), inactive);
    await assert.rejects(client.refresh(tokens.refreshToken ?? ""), { code: "LOGIN_ENDED" });
    assert.equal((await introspect((await login()).accessToken)).active, true);
  });

  test("dies when the password changes", async () => {
    const tokens = await login();
    await identity.administration.setPassword("alice", PASSWORD);
    assert.deepEqual(await introspect(tokens.accessToken), inactive);
    await assert.rejects(client.refresh(tokens.refreshToken ?? ""), { code: "LOGIN_ENDED" });
  });

  test("carries new roles at once", async () => {
    const { accessToken } = await login();
    assert.deepEqual((await introspect(accessToken)).roles, ["user"]);
    identity.administration.grantRole("alice", "admin");
    assert.deepEqual((await introspect(accessToken)).roles, ["admin", "user"]);
    identity.administration.revokeRole("alice", "admin");
    assert.deepEqual((await introspect(accessToken)).roles, ["user"]);
  });

  test("of a system account dies with it, also as a caller", async () => {
    const token = await identity.systemToken("short-lived");
    assert.equal((await introspect(token)).active, true);
    identity.administration.disable("short-lived");
    assert.deepEqual(await introspect(token), inactive);
    const refused = await fetch(`${identity.issuer}/introspect`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: new URLSearchParams({ token: service }),
    });
    assert.equal(refused.status, 401);
  });

  test("of a human doesn't open introspection", async () => {
    const { accessToken } = await login();
    const refused = await fetch(`${identity.issuer}/introspect`, {
      method: "POST",
      headers: { authorization: `Bearer ${accessToken}` },
      body: new URLSearchParams({ token: service }),
    });
    assert.equal(refused.status, 401);
  });

  test("outlives a rotation of the keys, while new ones are signed with the new key", async () => {
    const before = await login();
    const rotated = await identity.stores.keys.rotate();
    const renewed = await login();
    assert.equal(decodeProtectedHeader(renewed.accessToken).kid, rotated.kid);
    assert.notEqual(decodeProtectedHeader(before.accessToken).kid, rotated.kid);
    assert.equal((await introspect(before.accessToken)).active, true);
    assert.equal((await introspect(renewed.accessToken)).active, true);
    const refreshed = await client.refresh(before.refreshToken ?? "");
    assert.equal(decodeProtectedHeader(refreshed.accessToken).kid, rotated.kid);
  });

  test("is understood by the standard verifier, before and after a rotation", async () => {
    using verifier = createTokenVerifier({
      issuer: identity.issuer,
      caFile: identity.caFile,
      introspectionToken: async () => service,
      clock: systemClock,
      audience: "urn:metacircular:platform",
      cacheMs: 0,
    });
    const { accessToken, refreshToken } = await login();
    const { expiresAtMs, ...who } = await verifier.verify(accessToken);
    assert.deepEqual(who, { subject: "alice", name: "alice", kind: "human", roles: ["user"] });
    assert.ok(expiresAtMs > systemClock.now());
    await identity.stores.keys.rotate();
    const next = await login();
    assert.equal((await verifier.verify(next.accessToken)).name, "alice");
    await client.revoke(refreshToken ?? "");
    await assert.rejects(verifier.verify(accessToken), { code: "TOKEN_REVOKED" });
  });

  test("survives a restart, as do accounts, keys and refresh tokens", async () => {
    const tokens = await login();
    const keys = await (await fetch(`${identity.issuer}/jwks`)).json();
    await identity.restart();
    // The first request may still find a connection of before the restart.
    const response = await eventually(() => fetch(`${identity.issuer}/jwks`));
    assert.deepEqual(await response.json(), keys);
    assert.equal((await introspect(tokens.accessToken)).active, true);
    const refreshed = await client.refresh(tokens.refreshToken ?? "");
    assert.equal((await client.whoAmI(refreshed.accessToken)).name, "alice");
  });

  test("ends by age, and maintenance then forgets it and its key", async () => {
    const { accessToken } = await login();
    const { stores, config, clock } = identity;
    const { kid } = decodeProtectedHeader(accessToken);
    await stores.keys.rotate();
    clock.advance(config.tokens.access_lifetime * 2);
    assert.deepEqual(await introspect(accessToken), inactive);
    clock.advance(1_000);
    await maintain({
      ...stores,
      retention: { failuresMs: 1, auditMs: 1, auditEntries: 1000 },
      logger: createLogger({ name: "test", level: "error" }),
    });
    assert.ok(!stores.keys.list().some((key) => key.kid === kid));
    assert.equal(stores.audit.list({}).length, 0, "everything was older than the retention");
    assert.equal((await introspect(service)).active, true);
  });

  test("that refreshes is in the database only as its hash", async () => {
    const { refreshToken = "" } = await login();
    const rows = identity.stores.database.sql.prepare("SELECT * FROM protocol_records").all();
    assert.ok(rows.some((row) => row["model"] === "RefreshToken"));
    assert.ok(!JSON.stringify(rows).includes(refreshToken));
  });

  test("never appears in the log, nor does a password or a secret", async () => {
    const { accessToken, refreshToken } = await login();
    await client.revoke(accessToken);
    const log = identity.log.join("");
    for (const secret of [accessToken, refreshToken ?? "", service, PASSWORD]) {
      assert.ok(!log.includes(secret));
    }
  });
});
