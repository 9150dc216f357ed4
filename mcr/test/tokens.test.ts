import assert from "node:assert/strict";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { createIdentityClient } from "@metacircular/mcias/client.ts";
import { testPassword } from "@metacircular/testkit/person.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { decodeJwt } from "jose";
import { type Answer, basic, codeIn, createCaller, tokenIn } from "./registry-caller.ts";
import { trust } from "./trust.ts";

const allowAll = { effect: "EFFECT_ALLOW", priority: 40 };

describe("the token endpoint", { concurrency: false }, () => {
  let registry: TestRegistry;
  let caller: ReturnType<typeof createCaller>;

  before(async () => {
    registry = await startTestRegistry();
    trust(registry);
    caller = createCaller(registry.url);
    const rule = { effect: "EFFECT_ALLOW", priority: 50, accounts: ["user"], repositories: ["team/**"] };
    await registry.putRule("access", "team", { ...rule, actions: ["pull", "push"] });
    const open = { effect: "EFFECT_ALLOW", priority: 60, kinds: ["anonymous"], repositories: ["public/*"] };
    await registry.putRule("access", "public", { ...open, actions: ["pull"] });
  });
  after(() => registry[Symbol.asyncDispose]());

  const get = (query: string, authorization?: string): Promise<Answer> =>
    caller.send({ method: "GET", path: `/v2/token${query}` }, authorization);
  const post = (fields: Record<string, string>): Promise<Answer> => {
    const body = new URLSearchParams(fields).toString();
    const contentType = "application/x-www-form-urlencoded";
    return caller.send({ method: "POST", path: "/v2/token", body, contentType });
  };
  const user = (): string => basic("user", registry.user.password);
  const accessIn = (answer: Answer): unknown => decodeJwt(tokenIn(answer))["access"];
  const scope = "scope=repository:team/app:pull,push,delete&scope=repository:other:pull%20registry:catalog:*";

  test("gives what was asked for as far as the rules allow it", async () => {
    const answer = await get(`?service=${registry.address}&${scope}`, user());
    assert.equal(answer.status, 200, answer.body);
    const { token, access_token, expires_in, issued_at, ...rest } = JSON.parse(answer.body) as Record<
      "token" | "access_token" | "issued_at",
      string
    > & { expires_in: number };
    assert.equal(token, access_token);
    assert.equal(expires_in, 300);
    assert.match(issued_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u);
    assert.deepEqual(rest, { token_type: "Bearer" });
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.deepEqual(accessIn(answer), [
      { type: "repository", name: "team/app", actions: ["pull", "push"] },
      { type: "registry", name: "catalog", actions: ["*"] },
    ]);
    const { sub, aud, exp = 0, iat = 0 } = decodeJwt(token);
    assert.deepEqual([sub, aud, exp - iat], ["user", registry.address, 300]);
  });

  test("gives anybody a token for what is open to anybody", async () => {
    const asked = "?scope=repository:public/app:pull,push&scope=repository:team/app:pull";
    for (const authorization of [undefined, "Basic Og=="]) {
      const answer = await get(asked, authorization);
      assert.deepEqual(accessIn(answer), [{ type: "repository", name: "public/app", actions: ["pull"] }]);
      assert.equal(decodeJwt(tokenIn(answer)).sub, "");
    }
  });

  test("takes the forms of OAuth 2", async () => {
    const common = { service: registry.address, client_id: "test", scope: "repository:team/app:pull" };
    const access = [{ type: "repository", name: "team/app", actions: ["pull"] }];
    const forms: readonly Record<string, string>[] = [
      { grant_type: "password", username: "user", password: registry.user.password, access_type: "offline" },
      { grant_type: "password", username: "user", password: registry.user.token },
      { grant_type: "refresh_token", refresh_token: registry.user.token },
    ];
    for (const form of forms) {
      const answer = await post({ ...common, ...form });
      assert.equal(answer.status, 200, answer.body);
      assert.deepEqual(accessIn(answer), access);
      assert.ok(!answer.body.includes("refresh_token"));
    }
  });

  test("refuses in the words of both specifications", async () => {
    const table: readonly (readonly [name: string, answer: Promise<Answer>, status: number, code: string])[] =
      [
        ["a wrong password", get("", basic("nobody-1", "wrong")), 401, "UNAUTHORIZED"],
        ["an empty password", get("", basic("user", "")), 401, "UNAUTHORIZED"],
        ["a token under another's name", get("", basic("admin", registry.user.token)), 401, "UNAUTHORIZED"],
        ["a token that is none", get("", basic("user", `${registry.user.token}x`)), 401, "UNAUTHORIZED"],
        ["another scheme", get("", `Bearer ${registry.user.token}`), 401, "UNAUTHORIZED"],
        ["another service", get("?service=other.example", user()), 400, "UNSUPPORTED"],
        ["a grant that is not known", post({ grant_type: "authorization_code" }), 400, "UNSUPPORTED"],
        [
          "a refresh token that is none",
          post({ grant_type: "refresh_token", refresh_token: "x" }),
          401,
          "UNAUTHORIZED",
        ],
        ["a form that is much too long", post({ grant_type: "x".repeat(20_000) }), 400, "UNSUPPORTED"],
      ];
    for (const [name, pending, status, code] of table) {
      const answer = await pending;
      assert.deepEqual([answer.status, codeIn(answer)], [status, code], name);
      const { error, error_description: description } = JSON.parse(answer.body) as Record<string, unknown>;
      assert.ok(typeof error === "string" && typeof description === "string", name);
      const basicChallenge = `Basic realm="${registry.address}", charset="UTF-8"`;
      assert.equal(answer.headers.get("www-authenticate"), status === 401 ? basicChallenge : null, name);
      assert.ok(!answer.body.includes(registry.user.token), name);
    }
    const other = await caller.send({ method: "DELETE", path: "/v2/token" });
    assert.deepEqual([other.status, other.headers.get("allow")], [405, "GET, POST"]);
  });

  test("logs in once for many tokens, from the address of the client, and ends that login at once", async () => {
    const someone = await registry.person("someone", []);
    const before = await auditOf("someone");
    const tokens = Array.from({ length: 50 }, (_, layer) =>
      get(`?scope=repository:team/app-${layer}:pull`, basic("someone", someone.password)),
    );
    assert.deepEqual(new Set((await Promise.all(tokens)).map(({ status }) => status)), new Set([200]));
    assert.deepEqual((await auditOf("someone")).slice(before.length), [
      "login ok",
      "token-issued ok",
      "token-revoked ok",
    ]);
  });

  test("keeps those who have a token going while the identity service is down", async () => {
    await registry.putRule("access", "someone", { ...allowAll, accounts: ["someone"] });
    const asked = "?scope=repository:team/app:pull,push";
    const answer = await get(asked, basic("someone", testPassword));
    const fresh = await registry.systemAccount("fresh");
    await registry.identity.stop();
    try {
      const request = { method: "POST", path: "/v2/team/app/blobs/uploads/" };
      assert.equal((await caller.send(request, `Bearer ${tokenIn(answer)}`)).status, 202);
      const direct = await caller.send(request, `Bearer ${fresh.token}`);
      assert.deepEqual([direct.status, codeIn(direct)], [503, "UNAVAILABLE"]);
      const refused = await get(asked, basic("fresh", fresh.token));
      assert.deepEqual([refused.status, codeIn(refused)], [503, "UNAVAILABLE"]);
    } finally {
      await registry.identity.start();
    }
  });

  test("stops who guesses passwords, and neither others nor those who log in elsewhere", async () => {
    const codes: (number | undefined)[] = [];
    for (let guess = 0; guess < 21; guess += 1) {
      const { status, headers } = await from("127.0.0.66", basic(`target-${guess}`, "guess"));
      codes.push(status);
      if (status === 429) assert.match(String(headers["retry-after"]), /^[1-9]\d*$/u);
    }
    assert.deepEqual(codes, [...Array.from({ length: 20 }, () => 401), 429]);
    // More than the identity service takes from one address: it has to know that these are two.
    for (let guess = 0; guess < 15; guess += 1) {
      assert.equal((await from("127.0.0.67", basic(`aim-${guess}`, "guess"))).status, 401);
    }
    assert.deepEqual(await addressesOf("aim-3"), ["127.0.0.67"]);
    const blocked = await from("127.0.0.66", user());
    assert.equal(blocked.status, 429);
    assert.match(blocked.body, /"TOOMANYREQUESTS"/u);
    const other = await from("127.0.0.7", user());
    assert.equal(other.status, 200, other.body);
    using client = createIdentityClient({ issuer: registry.identity.issuer, caFile: registry.caFile });
    await client.login({ username: "admin", password: registry.admin.password, serviceName: "mcp" });
  });

  /** Asks for a token from another address of this machine. */
  async function from(localAddress: string, authorization: string) {
    const options = { localAddress, agent: false, headers: { authorization } } as const;
    const answer = Promise.withResolvers<
      Pick<Answer, "status" | "body"> & { headers: NodeJS.Dict<unknown> }
    >();
    const sent = request(
      `${registry.url.replace("localhost", "127.0.0.1")}/v2/token`,
      options,
      (response) => {
        const { statusCode = 0, headers } = response;
        text(response).then((body) => answer.resolve({ status: statusCode, body, headers }), answer.reject);
      },
    );
    sent.on("error", answer.reject);
    sent.end();
    return answer.promise;
  }

  /** What the identity service wrote down of an account, oldest first. */
  async function entriesOf(account: string): Promise<Entry[]> {
    const printed = await registry.identity.admin(["audit", "-o", "json"]);
    const lines = printed.trim().split("\n");
    const entries = lines.map((line) => JSON.parse(line) as Entry);
    return entries.filter((entry) => entry.account === account);
  }

  async function auditOf(account: string): Promise<string[]> {
    return (await entriesOf(account)).map(({ event, outcome }) => `${event} ${outcome}`);
  }

  async function addressesOf(account: string): Promise<(string | undefined)[]> {
    return (await entriesOf(account)).map(({ address }) => address);
  }
});

interface Entry {
  readonly account?: string;
  readonly event: string;
  readonly outcome: string;
  readonly address?: string;
}
