import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, test } from "node:test";
import type { Identity } from "../auth/identity.ts";
import { DetailedError, type ErrorCategory } from "../errors.ts";
import { Logins } from "./logins.ts";

const { signal } = new AbortController();
const alice: Identity = { subject: "a", name: "alice", kind: "human", roles: [], expiresAtMs: 0 };

function failure(category: ErrorCategory): DetailedError {
  return new DetailedError({ code: "X", category, attempted: "try", found: "it" });
}

/** An identity service whose tokens live for 10 minutes. */
function aWorld() {
  const clock = { nowMs: 1_000_000, now: () => clock.nowMs };
  const state = {
    issued: 0,
    revoked: [] as string[],
    identity: alice,
    failing: undefined as ErrorCategory | undefined,
    /** Holds up who asks about a token. */
    asked: undefined as PromiseWithResolvers<void> | undefined,
  };
  const issue = () => {
    if (state.failing !== undefined) throw failure(state.failing);
    state.issued++;
    const n = state.issued;
    return { accessToken: `access-${n}`, refreshToken: `refresh-${n}`, expiresAtMs: clock.nowMs + 600_000 };
  };
  const used = new Set<string>();
  const logins = new Logins({
    clock,
    serviceName: "mcr",
    ownToken: async () => "own",
    verifier: {
      verify: async (token) => {
        await state.asked?.promise;
        if (state.revoked.includes(token)) throw failure("unauthenticated");
        return state.identity;
      },
    },
    service: {
      login: async ({ onBehalfOf }) => {
        assert.deepEqual(onBehalfOf, { address: "192.0.2.1", actorToken: "own" });
        return issue();
      },
      refresh: async (token) => {
        assert.ok(!used.has(token), "a refresh token was used twice");
        const tokens = issue();
        used.add(token);
        return tokens;
      },
      revoke: async (token) => {
        if (state.failing !== undefined) throw failure(state.failing);
        state.revoked.push(token);
      },
    },
  });
  return { clock, state, logins };
}

function aBrowser(cookie = "") {
  const headers: Record<string, string> = { cookie };
  const request = { headers } as unknown as IncomingMessage;
  const response = {
    setHeader: (name: string, value: string) => {
      assert.equal(name, "set-cookie");
      headers["cookie"] = value.split(";", 1)[0] ?? "";
      headers["set"] = value;
    },
  } as unknown as ServerResponse;
  return { request, response, headers };
}

const who = { username: "alice", password: "p", clientAddress: "192.0.2.1" };

describe("a login in a browser", () => {
  test("gives a cookie that only this host gets, that no script sees, and that says nothing", async () => {
    const { logins } = aWorld();
    const { request, response, headers } = aBrowser();
    await logins.login(request, response, who, signal);
    assert.match(
      headers["set"] ?? "",
      /^__Host-mcr-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    );
    assert.equal((await logins.current(request, signal))?.identity.name, "alice");
  });

  test("never takes over an id that the browser brings, and ends the session of before", async () => {
    const { logins } = aWorld();
    const planted = `__Host-mcr-session=${"A".repeat(43)}`;
    const victim = aBrowser(planted);
    await logins.login(victim.request, victim.response, who, signal);
    assert.notEqual(victim.headers["cookie"], planted);
    assert.equal(await logins.current(aBrowser(planted).request, signal), undefined);
    const before = aBrowser(victim.headers["cookie"]);
    await logins.login(victim.request, victim.response, who, signal);
    assert.equal(await logins.current(before.request, signal), undefined);
  });

  test("renews its token once, however many requests come", async () => {
    const { logins, clock, state } = aWorld();
    const { request, response } = aBrowser();
    await logins.login(request, response, who, signal);
    clock.nowMs += 560_000;
    await Promise.all(Array.from({ length: 5 }, () => logins.current(request, signal)));
    assert.equal(state.issued, 2);
  });

  test("lives on while the identity service is down for as long as its token does", async () => {
    const { logins, clock, state } = aWorld();
    const { request, response } = aBrowser();
    await logins.login(request, response, who, signal);
    state.failing = "unavailable";
    clock.nowMs += 560_000;
    assert.ok(await logins.current(request, signal));
    clock.nowMs += 60_000;
    await assert.rejects(logins.current(request, signal), { category: "unavailable" });
    state.failing = undefined;
    assert.ok(await logins.current(request, signal));
  });

  test("ends when its token is revoked, cannot be renewed, or its account becomes a guest", async () => {
    for (const end of ["revoke", "refuse", "guest"] as const) {
      const { logins, clock, state } = aWorld();
      const { request, response, headers } = aBrowser();
      await logins.login(request, response, who, signal);
      const cookie = headers["cookie"];
      if (end === "revoke") state.revoked.push("access-1");
      if (end === "refuse") state.failing = "unauthenticated";
      if (end === "guest") state.identity = { ...alice, roles: ["guest"] };
      clock.nowMs += 560_000;
      if (end === "revoke") clock.nowMs -= 100_000;
      assert.equal(await logins.current(request, signal), undefined, end);
      Object.assign(state, { identity: alice, failing: undefined });
      state.revoked.length = 0;
      assert.equal(await logins.current(aBrowser(cookie).request, signal), undefined, end);
    }
  });

  test("ends at logout, with the login that it comes from", async () => {
    const { logins, state } = aWorld();
    const { request, response, headers } = aBrowser();
    await logins.login(request, response, who, signal);
    const cookie = headers["cookie"];
    assert.equal(await logins.logout(request, response, signal), true);
    assert.deepEqual(state.revoked, ["refresh-1"]);
    assert.match(headers["set"] ?? "", /Max-Age=0$/);
    assert.equal(await logins.current(aBrowser(cookie).request, signal), undefined);
  });

  test("that ends while its token is asked about does not go on", async () => {
    const { logins, state } = aWorld();
    const { request, response, headers } = aBrowser();
    await logins.login(request, response, who, signal);
    const asking = aBrowser(headers["cookie"]);
    state.asked = Promise.withResolvers();
    const current = logins.current(asking.request, signal);
    await logins.logout(request, response, signal);
    state.asked.resolve();
    assert.equal(await current, undefined);
  });

  test("ends at logout also where it cannot be revoked, which is said", async () => {
    const { logins, state } = aWorld();
    const { request, response, headers } = aBrowser();
    await logins.login(request, response, who, signal);
    const cookie = headers["cookie"];
    state.failing = "unavailable";
    assert.equal(await logins.logout(request, response, signal), false);
    state.failing = undefined;
    assert.equal(await logins.current(aBrowser(cookie).request, signal), undefined);
  });

  test("is refused to guests, whose token is revoked at once", async () => {
    const { logins, state } = aWorld();
    state.identity = { ...alice, roles: ["guest"] };
    const { request, response, headers } = aBrowser();
    await assert.rejects(logins.login(request, response, who, signal), { code: "LOGIN_NOT_ALLOWED" });
    assert.deepEqual(state.revoked, ["refresh-1"]);
    assert.equal(headers["set"], undefined);
  });
});
