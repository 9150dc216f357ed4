import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as oauth from "openid-client";
import { createIdentityClient } from "../client.ts";
import { approveInBrowser } from "./browser.ts";
import { PASSWORD, runIdentity, type RunningIdentity } from "./running-identity.ts";

describe("openid-client, knowing nothing of us but the standards,", () => {
  let identity: RunningIdentity;
  let secret: string;

  before(async () => {
    identity = await runIdentity();
    await identity.administration.addHuman("alice", PASSWORD, ["admin", "user"]);
    secret = identity.administration.addSystem("mcp-agent");
  });
  after(() => identity[Symbol.asyncDispose]());

  const commandLine = () => oauth.discovery(new URL(identity.issuer), "mcp", undefined, oauth.None());
  const service = () =>
    oauth.discovery(new URL(identity.issuer), "mcp-agent", undefined, oauth.ClientSecretBasic(secret));
  const login = async () =>
    oauth.genericGrantRequest(await commandLine(), "password", {
      username: "alice",
      password: PASSWORD,
      service_name: "mcp-agent",
      tags: "env:test",
    });
  const introspect = async (token: string) => oauth.tokenIntrospection(await service(), token);

  test("discovers only what is served", async () => {
    const metadata = (await commandLine()).serverMetadata();
    const endpoints = Object.entries(metadata).flatMap(([name, url]) =>
      /_endpoint$|_uri$/.test(name) && typeof url === "string" ? [[name, url] as const] : [],
    );
    assert.deepEqual(endpoints.map(([name]) => name).toSorted(), [
      "device_authorization_endpoint",
      "introspection_endpoint",
      "jwks_uri",
      "revocation_endpoint",
      "token_endpoint",
      "userinfo_endpoint",
    ]);
    for (const [name, url] of endpoints) {
      const method = name === "jwks_uri" || name === "userinfo_endpoint" ? "GET" : "POST";
      const response = await fetch(url, { method });
      assert.notEqual(response.status, 404, name);
    }
  });

  test("logs a human in, and introspection tells who it is", async () => {
    const tokens = await login();
    assert.equal(tokens.expires_in, 3600);
    const answer = await introspect(tokens.access_token);
    const { iat, exp, jti, ...facts } = answer;
    assert.deepEqual(facts, {
      active: true,
      sub: "alice",
      username: "alice",
      account_type: "human",
      roles: ["admin", "user"],
      client_id: "mcp",
      scope: "platform",
      token_type: "Bearer",
      iss: identity.issuer,
      aud: "urn:metacircular:platform",
    });
    assert.equal(Number(exp) - Number(iat), 3600);
    assert.ok(jti);
    const entry = identity.stores.audit.list({}).find((each) => each.event === "login");
    assert.equal(entry?.serviceName, "mcp-agent");
    assert.match(entry.detail ?? "", /env:test/);
  });

  test("logs a system account in with its secret, by both methods", async () => {
    const post = oauth.ClientSecretPost(secret);
    const byPost = await oauth.discovery(new URL(identity.issuer), "mcp-agent", undefined, post);
    for (const config of [await service(), byPost]) {
      const tokens = await oauth.clientCredentialsGrant(config);
      assert.equal(tokens.refresh_token, undefined);
      const answer = await oauth.tokenIntrospection(config, tokens.access_token);
      assert.equal(answer.sub, "mcp-agent");
      assert.equal(answer["account_type"], "system");
      assert.deepEqual(answer["roles"], []);
    }
  });

  test("gets userinfo for its own token", async () => {
    const tokens = await login();
    const info = await oauth.fetchUserInfo(await commandLine(), tokens.access_token, "alice");
    assert.deepEqual(info["roles"], ["admin", "user"]);
  });

  test("refreshes, and a refresh token used twice ends the login", async () => {
    const first = await login();
    const refresh = async (token: string) => oauth.refreshTokenGrant(await commandLine(), token);
    const second = await refresh(first.refresh_token ?? "");
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.equal((await introspect(second.access_token)).active, true);

    await assert.rejects(refresh(first.refresh_token ?? ""), { error: "invalid_grant" });
    assert.equal((await introspect(second.access_token)).active, false);
    assert.equal((await introspect(first.access_token)).active, false);
    await assert.rejects(refresh(second.refresh_token ?? ""), { error: "invalid_grant" });
  });

  test("gets at most one answer from a refresh token that it uses many times at once", async () => {
    const { refresh_token: token = "" } = await login();
    const config = await commandLine();
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => oauth.refreshTokenGrant(config, token)),
    );
    assert.ok(results.filter((result) => result.status === "fulfilled").length <= 1);
  });

  for (const which of ["access_token", "refresh_token"] as const) {
    test(`revokes by the ${which}, which ends the whole login at once`, async () => {
      const tokens = await login();
      await oauth.tokenRevocation(await commandLine(), tokens[which] ?? "");
      assert.deepEqual(await introspect(tokens.access_token), { active: false });
      await assert.rejects(oauth.refreshTokenGrant(await commandLine(), tokens.refresh_token ?? ""), {
        error: "invalid_grant",
      });
    });
  }

  test("cannot revoke a token of somebody else", async () => {
    const tokens = await login();
    await assert.rejects(oauth.tokenRevocation(await service(), tokens.access_token), {
      error: "invalid_grant",
    });
    assert.equal((await introspect(tokens.access_token)).active, true);
  });

  test("completes the device flow, with an identity token where it asks for one", async () => {
    const config = await commandLine();
    const started = await oauth.initiateDeviceAuthorization(config, { scope: "openid" });
    const page = await approveInBrowser(String(started.verification_uri_complete), "alice", PASSWORD);
    assert.match(page, /You are logged in/);
    const tokens = await oauth.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.05 });
    assert.equal(tokens.claims()?.sub, "alice");
    assert.equal((await introspect(tokens.access_token)).sub, "alice");
    const refreshed = await oauth.refreshTokenGrant(config, tokens.refresh_token ?? "");
    assert.equal((await introspect(refreshed.access_token)).active, true);
    await assert.rejects(oauth.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.05 }), {
      error: "invalid_grant",
    });
    assert.equal(
      (await introspect(refreshed.access_token)).active,
      false,
      "a code used twice ends the login",
    );
  });

  test("is refused with a wrong secret, a wrong client, and for a grant that isn't its own", async () => {
    const wrong = oauth.ClientSecretBasic(`${secret}x`);
    const impostor = await oauth.discovery(new URL(identity.issuer), "mcp-agent", undefined, wrong);
    await assert.rejects(oauth.clientCredentialsGrant(impostor), { status: 401 });
    await assert.rejects(oauth.tokenIntrospection(impostor, "x"), { status: 401 });
    await assert.rejects(oauth.clientCredentialsGrant(await commandLine()), { error: "invalid_request" });
    const password = { username: "alice", password: PASSWORD };
    await assert.rejects(oauth.genericGrantRequest(await service(), "password", password), {
      error: "invalid_request",
    });
  });

  test("leaves tokens that our own client understands", async () => {
    using client = createIdentityClient({ issuer: identity.issuer, caFile: identity.caFile });
    const tokens = await login();
    assert.equal((await client.whoAmI(tokens.access_token)).name, "alice");
  });
});
