import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createIdentityClient, type IdentityClient } from "../client.ts";
import { approveInBrowser, openForm, submitForm } from "./browser.ts";
import { PASSWORD, runIdentity, type RunningIdentity } from "./running-identity.ts";

describe("the page that approves a device login", () => {
  let identity: RunningIdentity;
  let client: IdentityClient;

  before(async () => {
    identity = await runIdentity('[login]\nfree_attempts = 2\nfirst_delay = "5m"\naddress_failures = 100\n');
    client = createIdentityClient({
      issuer: identity.issuer,
      caFile: identity.caFile,
      clock: { now: () => identity.clock.now(), sleep: async () => undefined },
    });
    for (const name of ["alice", "bob", "carol"]) await identity.administration.addHuman(name, PASSWORD, []);
  });
  after(async () => {
    client[Symbol.dispose]();
    await identity[Symbol.asyncDispose]();
  });

  const page = async (query = ""): Promise<{ status: number; html: string; policy: string }> => {
    const response = await fetch(`${identity.issuer}/device${query}`);
    return {
      status: response.status,
      html: await response.text(),
      policy: response.headers.get("content-security-policy") ?? "",
    };
  };

  test("asks for the code, without script, in a page that nothing can frame", async () => {
    const { status, html, policy } = await page();
    assert.equal(status, 200);
    assert.match(html, /<html lang="en">/);
    assert.match(html, /<label for="user_code">Code<\/label>/);
    assert.doesNotMatch(html, /<script/i);
    assert.match(
      policy,
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'/,
    );
  });

  test("takes the code as people type it, and shows what is approved", async () => {
    const started = await client.startDeviceLogin();
    const typed = started.userCode.toLowerCase().replace("-", " ");
    const { status, html } = await page(`?user_code=${encodeURIComponent(typed)}`);
    assert.equal(status, 200);
    assert.ok(html.includes(started.userCode));
    assert.match(html, /<dd>mcp command line<\/dd>/);
    assert.match(html, /<dd>127\.0\.0\.1<\/dd>/);
    assert.match(html, /<dd>mcp on [\w.-]+<\/dd>/);
  });

  test("lets the waiting program in once approved", async () => {
    const started = await client.startDeviceLogin();
    const waiting = client.pollDeviceLogin(started);
    await approveInBrowser(started.verificationUriComplete, "alice", PASSWORD);
    assert.equal((await client.whoAmI((await waiting).accessToken)).name, "alice");
    const again = await page(`?user_code=${started.userCode}`);
    assert.equal(again.status, 400);
    assert.match(again.html, /role="alert">This code is unknown, used already, or expired/);
  });

  test("tells the program when the human denies", async () => {
    const started = await client.startDeviceLogin();
    const html = await approveInBrowser(started.verificationUriComplete, "", "", "deny");
    assert.match(html, /The login was denied/);
    await assert.rejects(client.pollDeviceLogin(started), { code: "DEVICE_LOGIN_DENIED" });
  });

  test("says what is wrong with a password, and keeps the user name", async () => {
    const started = await client.startDeviceLogin();
    const form = await openForm(started.verificationUriComplete);
    const wrong = { username: "bob", password: "wrong password", decision: "approve" };
    const response = await submitForm(form, wrong);
    const html = await response.text();
    assert.equal(response.status, 400);
    assert.match(html, /role="alert">The user name or the password is wrong\./);
    assert.match(html, /name="username" value="bob"/);
    assert.ok(!html.includes("wrong password"));
  });

  test("obeys the lock of an account", async () => {
    const started = await client.startDeviceLogin();
    const form = await openForm(started.verificationUriComplete);
    const submit = async (password: string): Promise<Response> =>
      submitForm(form, { username: "carol", password, decision: "approve" });
    for (let failed = 0; failed < 3; failed++) await submit("wrong password");
    const locked = await submit(PASSWORD);
    assert.equal(locked.status, 429);
    assert.match(await locked.text(), /try again in 300 seconds/);
  });

  test("approves nothing from another site, without its cookie, or with another form's token", async () => {
    const started = await client.startDeviceLogin();
    const other = await client.startDeviceLogin();
    const form = await openForm(started.verificationUriComplete);
    const otherForm = await openForm(other.verificationUriComplete);
    const right = { username: "alice", password: PASSWORD, decision: "approve" };
    const attacks = {
      "another site": submitForm(form, right, { "sec-fetch-site": "cross-site" }),
      "no cookie": submitForm({ ...form, cookie: "" }, right),
      "another browser's cookie": submitForm({ ...form, cookie: otherForm.cookie }, right),
      "another form's token": submitForm(form, {
        ...right,
        form_token: otherForm.hidden["form_token"] ?? "",
      }),
      "no token": submitForm(form, { ...right, form_token: "" }),
    };
    for (const [attack, response] of Object.entries(attacks)) {
      assert.equal((await response).status, 403, attack);
    }
    assert.match(await (await submitForm(form, right)).text(), /You are logged in/);
  });

  test("doesn't repeat markup from a request", async () => {
    const started = await client.startDeviceLogin();
    const form = await openForm(started.verificationUriComplete);
    const response = await submitForm(form, {
      username: `"><b onload=x>`,
      password: "wrong password",
      decision: "approve",
    });
    const html = await response.text();
    assert.ok(html.includes("&quot;&gt;&lt;b onload=x&gt;"));
    assert.ok(!html.includes("<b onload"));
  });

  test("answers a code that has expired", async () => {
    const started = await client.startDeviceLogin();
    identity.clock.advance(601_000);
    await assert.rejects(client.pollDeviceLogin(started), { code: "DEVICE_LOGIN_EXPIRED" });
  });
});
