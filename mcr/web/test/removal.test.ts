import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import type { PushedDescriptor } from "./pusher.ts";
import type { Page, WebClient } from "./web-client.ts";
import { startWebWorld, type WebWorld } from "./world.ts";

describe("what pages show to whom, and delete", () => {
  let world: WebWorld;
  let admin: WebClient;
  let user: WebClient;
  let image: PushedDescriptor;

  before(async () => {
    world = await startWebWorld();
    const { registry, pusher } = world;
    image = await pusher.image("team/app", "v1.0.0");
    await pusher.image("team/app", "main");
    await pusher.image("secret/app", "main");
    await putRule("access", "user-pulls", {
      priority: 50,
      effect: "EFFECT_ALLOW",
      accounts: [registry.user.name],
      repositories: ["team/**"],
      actions: ["pull"],
    });
    await putRule("immutability", "kept", {
      priority: 10,
      repositories: ["kept/**"],
      tags: ["v*"],
      immutable: true,
      deletable: false,
    });
    admin = world.client();
    await admin.login(registry.admin);
    user = world.client();
    await user.login(registry.user);
  });
  after(async () => world[Symbol.asyncDispose]());

  async function putRule(kind: string, id: string, rule: object): Promise<void> {
    const { admin: account, url } = world.registry;
    const response = await fetch(`${url}/v1/rules/${kind}/${id}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${account.token}`, "content-type": "application/json" },
      body: JSON.stringify(rule),
    });
    assert.equal(response.status, 200, await response.text());
  }

  const isThere = async (repository: string, path = ""): Promise<boolean> =>
    (await admin.get(`/r/${repository}${path}`)).status === 200;
  const alert = ({ html }: Page): string =>
    (/role="alert"[^>]*>([\s\S]*?)<\/p>/.exec(html)?.[1] ?? "").replaceAll(/\s+/g, " ").trim();

  test("what may not be pulled is not there", async () => {
    const list = await user.get("/");
    assert.match(list.html, /team\/app/);
    assert.doesNotMatch(list.html, /secret/);
    const withoutToken = (page: Page): string => page.html.replaceAll(/value="[\w-]{43}"/g, "");
    for (const path of ["", "/-/tags/main", "/-/delete", "/-/tags/main/delete"]) {
      const forbidden = await user.get(`/r/secret/app${path}`);
      const missing = await user.get(`/r/nothing/app${path}`);
      assert.deepEqual([forbidden.status, missing.status], [404, 404], path);
      assert.equal(withoutToken(forbidden), withoutToken(missing), path);
      assert.equal((await admin.get(`/r/secret/app${path}`)).status, 200, path);
    }
    const { hidden } = await admin.get("/r/secret/app/-/tags/main/delete");
    const token = /name="form_token" value="([^"]+)"/.exec(list.html)?.[1] ?? "";
    const refused = await user.post("/r/secret/app/-/tags/main/delete", { ...hidden, form_token: token });
    assert.equal(refused.status, 404);
  });

  test("who may only pull is offered no delete, and refused one", async () => {
    const page = await user.get("/r/team/app/-/tags/main");
    assert.doesNotMatch(page.html, /Delete/);
    assert.equal((await user.get("/r/team/app/-/tags/main/delete")).status, 403);
    const token = /name="form_token" value="([^"]+)"/.exec(page.html)?.[1] ?? "";
    const { hidden } = await admin.get("/r/team/app/-/tags/main/delete");
    const refused = await user.post("/r/team/app/-/tags/main/delete", { ...hidden, form_token: token });
    assert.equal(refused.status, 403);
    assert.match(refused.html, /DENIED/);
    const typed = await user.post("/r/team/app/-/delete", { name: "team/app", form_token: token });
    assert.equal(typed.status, 403);
    assert.ok(await isThere("team/app", "/-/tags/main"));
  });

  test("pages for administrators are for them alone", async () => {
    for (const path of ["/audit", "/rules", "/collection"]) {
      assert.equal((await user.get(path)).status, 403, path);
      assert.equal((await admin.get(path)).status, 200, path);
    }
    const token = /name="form_token" value="([^"]+)"/.exec((await user.get("/")).html)?.[1] ?? "";
    assert.equal((await user.post("/collection", { what: "run", form_token: token })).status, 403);
    assert.doesNotMatch((await user.get("/")).html, /href="\/audit"/);
  });

  test("nothing is deleted by a form of another site, without its token, or of another session", async () => {
    const path = "/r/team/app/-/tags/main/delete";
    const { hidden } = await admin.get(path);
    const other = world.client();
    await other.login(world.registry.admin);
    const { hidden: ofOther } = await other.get(path);
    const attempts: Readonly<Record<string, () => Promise<Page>>> = {
      "another site": () => admin.post(path, hidden, { "sec-fetch-site": "cross-site" }),
      "a sister host": () => admin.post(path, hidden, { "sec-fetch-site": "same-site" }),
      "another origin": () => admin.post(path, hidden, { origin: "https://evil.example" }),
      "no token": () => admin.post(path, { digest: hidden["digest"] ?? "" }),
      "another session's token": () =>
        admin.post(path, { ...hidden, form_token: ofOther["form_token"] ?? "" }),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      const page = await attempt();
      assert.equal(page.status, 403, name);
      assert.match(page.html, /FORM_REFUSED/, name);
    }
    assert.equal((await admin.get(path)).status, 200);
    assert.ok(await isThere("team/app", "/-/tags/main"));
  });

  test("a tag that moved since it was shown stays", async () => {
    const path = "/r/team/app/-/tags/main/delete";
    const { hidden } = await admin.get(path);
    await world.pusher.image("team/app", "main", { layerBytes: [77] });
    const page = await admin.post(path, hidden);
    assert.equal(page.status, 409);
    assert.match(page.html, /SHOWN_BEFORE_CHANGE/);
    assert.ok(await isThere("team/app", "/-/tags/main"));
  });

  test("a manifest goes with its tags, but not while an index names it", async () => {
    await world.pusher.index("team/app", "multi", [image]);
    const path = `/r/team/app/-/manifests/${image.digest}/delete`;
    const shown = await admin.get(path);
    assert.match(alert(shown), /while an index names it/);
    assert.doesNotMatch(shown.html, /name="digest"/);
    const index = await admin.get("/r/team/app/-/tags/multi/delete");
    const indexPath = `/r/team/app/-/manifests/${index.hidden["digest"]}/delete`;
    assert.equal((await admin.submit(indexPath, {})).status, 303);
    assert.match((await admin.get(path)).html, /1 tag with it:[\s\S]*v1\.0\.0/);
    assert.equal((await admin.submit(path, {})).headers.get("location"), "/r/team/app");
    assert.ok(!(await isThere("team/app", "/-/tags/v1.0.0")));
  });

  test("an immutable tag stays, and the page says why; so does its repository", async () => {
    const kept = await world.pusher.image("kept/app", "v1");
    for (const path of ["/r/kept/app/-/tags/v1", `/r/kept/app/-/manifests/${kept.digest}`]) {
      assert.match(alert(await admin.get(`${path}/delete`)), /the tag v1 is immutable by a rule/);
      const token = /name="form_token" value="([^"]+)"/.exec((await admin.get("/")).html)?.[1] ?? "";
      const refused = await admin.post(`${path}/delete`, { digest: kept.digest, form_token: token });
      assert.equal(refused.status, 409);
      assert.match(refused.html, /TAG_IMMUTABLE/);
    }
    assert.match(alert(await admin.get("/r/kept/app/-/delete")), /the tag v1 is immutable by a rule/);
    const token = /name="form_token" value="([^"]+)"/.exec((await admin.get("/")).html)?.[1] ?? "";
    const refused = await admin.post("/r/kept/app/-/delete", { name: "kept/app", form_token: token });
    assert.equal(refused.status, 409);
    assert.ok(await isThere("kept/app", "/-/tags/v1"));
  });

  test("a repository goes when its name is typed, and only then; it is in the audit", async () => {
    await world.pusher.image("old/app", "main");
    const path = "/r/old/app/-/delete";
    const wrong = await admin.submit(path, { name: "old/ap" });
    assert.equal(wrong.headers.get("location"), path);
    assert.match(alert(await admin.get(path)), /not the name of the repository/);
    assert.ok(await isThere("old/app"));
    assert.equal((await admin.submit(path, { name: "old/app" })).headers.get("location"), "/");
    assert.ok(!(await isThere("old/app")));
    await eventually(async () => {
      const { html } = await admin.get("/audit?action=delete-repository&repository=old/app");
      assert.match(html, /Delete of a repository/);
      assert.equal(html.match(/<td[^>]*>Delete of a repository/g)?.length, 1);
    });
  });

  test("garbage collection is tried and run from its page", async () => {
    for (const what of ["dry-run", "run"]) {
      const started = await admin.submit("/collection", { what });
      assert.equal(started.headers.get("location"), "/collection", what);
      await eventually(async () => {
        const { html } = await admin.get("/collection");
        assert.doesNotMatch(html, /One runs now/);
        assert.match(html, what === "dry-run" ? /dry run/ : /What garbage|done/);
      });
    }
    const { html } = await admin.get("/collection?run=1");
    assert.match(html, /What run 1 would remove/);
  });

  test("rules explain who may do what", async () => {
    const { name } = world.registry.user;
    const ask = async (repository: string, action: string): Promise<string> => {
      const query = new URLSearchParams({ account: name, kind: "human", roles: "user", action, repository });
      const { html } = await admin.get(`/rules?${query.toString()}`);
      return (/class="notice \w+"[^>]*>([\s\S]*?)<\/p>/.exec(html)?.[1] ?? "")
        .replaceAll(/<[^>]+>|\s+/g, " ")
        .replaceAll(/ +/g, " ")
        .trim();
    };
    assert.match(await ask("team/app", "pull"), /may pull from team\/app: the rule user-pulls allows it/);
    assert.match(await ask("team/app", "push"), /may not push to team\/app: no rule allows it/);
    assert.match(await ask("mcr.example:8443/team/app", "pull"), /cannot be the name of a repository/);
  });
});
