import assert from "node:assert/strict";
import { connect } from "node:tls";
import { after, before, describe, test } from "node:test";
import { PASSWORD, runIdentity, type RunningIdentity } from "./running-identity.ts";

const FORM = "application/x-www-form-urlencoded";

describe("wrong input", () => {
  let identity: RunningIdentity;
  let service: string;

  before(async () => {
    identity = await runIdentity("[login]\naddress_failures = 1000\n");
    await identity.administration.addHuman("alice", PASSWORD, []);
    service = await identity.systemToken("svc");
  });
  after(() => identity[Symbol.asyncDispose]());

  const send = async (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${identity.issuer}${path}`, { method: "POST", ...init });
  const big = `token=${"x".repeat(20_000)}`;

  const cases: [string, string, () => RequestInit, number][] = [
    ["an unknown path", "/admin", () => ({}), 404],
    ["a path from the prototype", "/constructor", () => ({}), 404],
    ["a path outside", "/../../etc/passwd", () => ({ method: "GET" }), 404],
    ["another method", "/introspect", () => ({ method: "GET" }), 405],
    ["a method nobody has", "/token", () => ({ method: "DELETE" }), 405],
    ["the library's own pages", "/auth?client_id=mcp", () => ({ method: "GET" }), 404],
    ["JSON where a form belongs", "/introspect", () => json({ token: "x" }), 415],
    ["JSON at the token endpoint", "/token", () => json({ grant_type: "password" }), 400],
    ["no body", "/token", () => ({}), 400],
    ["an unknown grant", "/token", () => form("grant_type=magic&client_id=mcp"), 400],
    ["an unknown client", "/token", () => form("grant_type=password&client_id=nobody"), 401],
    [
      "a login without password",
      "/token",
      () => form("grant_type=password&client_id=mcp&username=alice"),
      400,
    ],
    ["a parameter twice", "/introspect", () => form("token=a&token=b"), 400],
    ["a body too large", "/introspect", () => form(big), 413],
    ["a body too large for the library", "/token", () => form(big), 413],
    ["a revocation without client", "/revoke", () => form("token=x"), 401],
    ["a revocation without token", "/revoke", () => form("client_id=mcp"), 400],
    ["an introspection without caller", "/introspect", () => form("token=x"), 401],
    ["a broken Basic header", "/introspect", () => form("token=x", "Basic %%%"), 401],
    ["Basic with a broken escape", "/introspect", () => form("token=x", `Basic ${btoa("%zz:%zz")}`), 401],
    ["Basic of a human", "/introspect", () => form("token=x", `Basic ${btoa(`alice:${PASSWORD}`)}`), 401],
    [
      "Bearer garbage",
      "/userinfo",
      () => ({ method: "GET", headers: { authorization: "Bearer x.y.z" } }),
      401,
    ],
    ["an unknown device code", "/device?user_code=AAAA-AAAA", () => ({ method: "GET" }), 400],
    ["a device code of markup", "/device?user_code=%3Cscript%3E", () => ({ method: "GET" }), 400],
    ["a device login of nobody", "/device/auth", () => form("client_id=nobody"), 401],
  ];
  for (const [what, path, init, status] of cases) {
    test(`${what} is answered ${status}`, async () => {
      const response = await send(path, init());
      assert.equal(response.status, status);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      assert.equal(response.headers.get("cache-control"), "no-store");
      const text = await response.text();
      assert.ok(!/at .*\.ts:\d+/.test(text), "no stack trace");
    });
  }

  test("tokens that aren't ours are inactive", async () => {
    const [header, payload, signature] = service.split(".");
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url");
    const garbage = ["", "x", "a.b.c", "..", `${none}.${payload}.`, `${header}.${payload}.`];
    const forged = [`${header}.${payload}.${signature?.slice(4)}AAAA`, `${service}x`, "x".repeat(10_000)];
    for (const token of [...garbage, ...forged]) {
      const body = new URLSearchParams({ token });
      const response = await send("/introspect", { headers: { authorization: `Bearer ${service}` }, body });
      assert.deepEqual(await response.json(), { active: false }, token.slice(0, 60));
    }
  });

  test("revoking what isn't a token succeeds (RFC 7009)", async () => {
    const response = await send("/revoke", form("client_id=mcp&token=garbage"));
    assert.equal(response.status, 200);
  });

  test("TLS below 1.3 is refused", async () => {
    const { port } = new URL(identity.issuer);
    const outcome = await new Promise((resolve) => {
      const socket = connect({ port: Number(port), host: "localhost", maxVersion: "TLSv1.2" }, () => {
        resolve("connected");
      });
      socket.on("error", () => resolve("refused"));
    });
    assert.equal(outcome, "refused");
  });

  test("the server is still well afterwards", async () => {
    const response = await fetch(`${identity.issuer}/healthz`);
    assert.deepEqual(await response.json(), { status: "ok", checks: { database: "ok" } });
  });
});

function form(body: string, authorization?: string): RequestInit {
  return {
    body,
    headers: { "content-type": FORM, ...(authorization === undefined ? {} : { authorization }) },
  };
}

function json(body: object): RequestInit {
  return { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}
