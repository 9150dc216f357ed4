import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { testPassword } from "@metacircular/testkit/person.ts";
import type { Page, WebClient } from "./web-client.ts";
import { startWebWorld, type WebWorld } from "./world.ts";

const sessionCookie = "__Host-mcr-session";

describe("logging in to the pages", () => {
  let world: WebWorld;
  /** Logged in before their account was disabled, long enough ago at the end. */
  let disabled: WebClient;

  before(async () => {
    world = await startWebWorld("[login]\naddress_failures = 6\n");
    const account = await world.registry.person("dora", ["admin"]);
    disabled = world.client();
    await disabled.login(account);
    assert.equal((await disabled.get("/")).status, 200);
    await world.registry.identity.admin(["account", "disable", "dora"]);
  });
  after(async () => world[Symbol.asyncDispose]());

  const isOut = (page: Page): void => {
    assert.equal(page.status, 303);
    assert.match(page.headers.get("location") ?? "", /^\/login/);
  };

  test("is asked of everybody, also where there is nothing", async () => {
    const client = world.client();
    for (const path of ["/", "/r/team/app", "/audit", "/nothing"]) isOut(await client.get(path));
    assert.equal((await client.get("/v2/")).status, 401);
    assert.equal((await client.get("/healthz")).status, 200);
    assert.equal((await client.post("/r/team/app/-/delete", { name: "team/app" })).status, 403);
  });

  test("leads back to the page that was wanted, on this host only", async () => {
    const { admin } = world.registry;
    const wanted = await world.client().get("/r/team/app?q=v1");
    assert.equal(wanted.headers.get("location"), "/login?to=%2Fr%2Fteam%2Fapp%3Fq%3Dv1");
    const table: readonly (readonly [string, string])[] = [
      ["/audit?account=x", "/audit?account=x"],
      ["https://evil.example/", "/"],
      ["//evil.example/", "/"],
      ["/\\evil.example", "/"],
      ["javascript:alert(1)", "/"],
    ];
    for (const [to, location] of table) {
      const client = world.client();
      assert.equal((await client.login(admin, to)).headers.get("location"), location, to);
      const again = await client.get(`/login?${new URLSearchParams({ to }).toString()}`);
      assert.equal(again.headers.get("location"), location, to);
    }
  });

  test("sets a cookie for this host alone, which no script sees", async () => {
    const client = world.client();
    const page = await client.login(world.registry.admin);
    const [cookie = ""] = page.headers.getSetCookie();
    assert.match(cookie, /^__Host-mcr-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    const shown = await client.get("/");
    assert.match(
      shown.headers.get("content-security-policy") ?? "",
      /^default-src 'none'; style-src 'self'; script-src 'self';/,
    );
    assert.doesNotMatch(shown.headers.get("content-security-policy") ?? "", /unsafe/);
    assert.match(shown.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
    assert.equal(shown.headers.get("cache-control"), "no-store");
    assert.equal(shown.headers.get("x-content-type-options"), "nosniff");
    assert.equal(shown.headers.get("referrer-policy"), "same-origin");
  });

  test("never takes over a session that somebody planted", async () => {
    const attacker = world.client();
    await attacker.login(world.registry.user);
    const planted = attacker.cookies.get(sessionCookie) ?? "";
    const victim = world.client();
    victim.setCookie(sessionCookie, planted);
    await victim.post("/logout", {});
    const form = await victim.get("/login?to=/");
    assert.equal(form.status, 303, "the planted session is that of the attacker");
    const fresh = world.client();
    fresh.setCookie(sessionCookie, "A".repeat(43));
    await fresh.login(world.registry.admin);
    assert.notEqual(fresh.cookies.get(sessionCookie), "A".repeat(43));
  });

  test("takes no form from another site, of another browser, or without its token", async () => {
    const { admin } = world.registry;
    const right = { username: admin.name, password: admin.password };
    const other = await world.client().get("/login");
    const attempts: Readonly<Record<string, () => Promise<Page>>> = {
      "another site": () => world.client().submit("/login", right, { "sec-fetch-site": "cross-site" }),
      "another origin": () => world.client().submit("/login", right, { origin: "https://evil.example" }),
      "no origin at all": () => world.client().submit("/login", right, {}),
      "another browser's form": async () => world.client().post("/login", { ...other.hidden, ...right }),
      "no token": () => world.client().submit("/login", { ...right, form_token: "" }),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      const page = await attempt();
      assert.equal(page.status, 403, name);
      assert.doesNotMatch(page.headers.getSetCookie().join(), /mcr-session/, name);
    }
    const older = await world.client().submit("/login", right, { origin: world.registry.url });
    assert.equal(older.status, 303, "an older browser, which tells its origin only");
  });

  test("ends at logout, and with it the login that it came from", async () => {
    const client = world.client();
    await client.login(world.registry.user);
    const cookie = client.cookies.get(sessionCookie) ?? "";
    assert.equal((await client.post("/logout", {})).status, 403, "without the token of the form");
    assert.equal((await client.get("/")).status, 200);
    const token = /name="form_token" value="([^"]+)"/.exec((await client.get("/")).html)?.[1] ?? "";
    assert.equal((await client.post("/logout", { form_token: token })).headers.get("location"), "/login");
    const thief = world.client();
    thief.setCookie(sessionCookie, cookie);
    isOut(await thief.get("/"));
    const audit = await world.registry.identity.admin(["audit", "-o", "json"]);
    assert.match(audit, /revo/);
  });

  test("refuses guests and says why", async () => {
    const page = await world.client().login(await world.registry.person("gus", ["guest"]));
    assert.equal(page.status, 403);
    assert.match(page.html, /role="alert"[^>]*>\s*Guests have no access here/);
  });

  test("says no more than that name or password is wrong, keeps the name, and brakes who guesses", async () => {
    const client = world.client();
    const attempt = (name: string): Promise<Page> =>
      client.login({ name, password: "wrong password", token: "" });
    const wrong = await attempt(world.registry.user.name);
    const unknown = await attempt("nobody-of-that-name");
    const message = (page: Page): string => /role="alert"[^>]*>([^<]*)</.exec(page.html)?.[1]?.trim() ?? "";
    assert.equal(wrong.status, 400);
    assert.equal(message(wrong), "The user name or the password is wrong, or the account is disabled.");
    assert.deepEqual([unknown.status, message(unknown)], [wrong.status, message(wrong)]);
    assert.ok(wrong.html.includes(`value="${world.registry.user.name}"`));
    assert.match(wrong.html, /id="password"[^>]*autofocus/);
    assert.ok(!wrong.html.includes("wrong password"));
    let last = wrong;
    for (let count = 0; count < 6 && last.status !== 429; count++)
      last = await attempt("nobody-of-that-name");
    assert.equal(last.status, 429);
    assert.match(message(last), /^Too many failed attempts\. Try again in \d+ seconds\.$/);
    assert.ok(Number(last.headers.get("retry-after")) > 0);
  });

  test("writes refused logins down, but no password that was typed into the wrong field, and not without end", async () => {
    const { admin } = world.registry;
    const secret = "Correct-Horse-In-Wrong-Field!";
    for (let count = 0; count < 40; count++) {
      await world.client().login({ name: secret, password: "x", token: "" });
    }
    const audit = await eventually(async () => {
      const response = await fetch(`${world.registry.url}/v1/audit/entries?action=login&limit=200`, {
        headers: { authorization: `Bearer ${admin.token}` },
      });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      assert.match(text, /LOGIN_REFUSED/);
      assert.match(text, /TOO_MANY_ATTEMPTS/);
      return text;
    });
    assert.ok(!audit.includes(secret));
    assert.ok((audit.match(/LOGIN_REFUSED|TOO_MANY_ATTEMPTS|LOGIN_NOT_ALLOWED/g)?.length ?? 0) <= 30);
  });

  test("refuses forms that are too large, and methods that pages do not have", async () => {
    const page = await world.client().post("/login", { username: "x".repeat(40_000) });
    assert.equal(page.status, 413);
    const put = await fetch(`${world.registry.url}/login`, { method: "PUT" });
    assert.deepEqual([put.status, put.headers.get("allow")], [405, "GET, HEAD, POST"]);
  });

  test("ends for whose account is disabled, when the registry asks again", async () => {
    await eventually(async () => isOut(await disabled.get("/")), 120_000);
    const page = await disabled.login({ name: "dora", password: testPassword, token: "" });
    assert.ok(page.status >= 400);
  });

  test("says so where the identity service is down", async () => {
    const { registry } = world;
    await registry.identity.stop();
    await registry.stop();
    await registry.start();
    const page = await world.client().login(registry.admin);
    assert.equal(page.status, 503);
    assert.match(page.html, /The identity service \(MCIAS\) cannot be reached/);
    await registry.identity.start();
  });
});
