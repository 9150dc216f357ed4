import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBrowser, type Tab, type TabOptions, type TestBrowser } from "@metacircular/testkit/browser.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { idProblems, lowContrast, nestingProblems } from "./markup.ts";
import { startWebWorld, type WebWorld } from "./world.ts";

const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>' onmouseover='alert(3)\u202Egpj.exe`;

describe("the pages in a browser", () => {
  let world: WebWorld;
  let browser: TestBrowser;

  before(async () => {
    world = await startWebWorld();
    const { pusher, registry } = world;
    browser = await startBrowser(registry.caFile);
    const configuration = {
      created: "2026-11-20T10:00:00Z",
      config: { Labels: { "org.opencontainers.image.revision": "9f3c2e1" }, Cmd: ["serve"] },
      history: [
        { created_by: "/bin/sh -c #(nop) ADD file:1 in /" },
        { created_by: "ENV A=b", empty_layer: true },
        { created_by: "RUN /bin/sh -c make install # buildkit" },
      ],
    };
    const image = await pusher.image("team/app", "v1.0.0", { layerBytes: [300_000, 100_000], configuration });
    await pusher.image("team/app", undefined, { artifactType: "application/spdx+json", subject: image });
    await pusher.image("team/app", undefined, {
      artifactType: "application/vnd.cncf.notary.signature",
      subject: image,
    });
    await pusher.image("team/app", `${image.digest.replace(":", "-")}.sig`);
    await pusher.index("team/app", "latest", [
      { ...image, platform: { os: "linux", architecture: "amd64" } },
    ]);
    await pusher.pull("team/app", "v1.0.0");
    await pusher.image("team/other", "main");
    await pusher.image("charts/shop", "1.2.3", { artifactType: "application/vnd.cncf.helm.config.v1+json" });
    await pusher.image("hostile/app", "main", {
      annotations: {
        [hostile]: hostile,
        url: "javascript:alert(4)",
        "https://x": "https://user:secret@evil.example/",
      },
      configuration: {
        author: hostile,
        config: {
          Labels: { [hostile]: hostile, "org.opencontainers.image.revision": hostile },
          Cmd: [hostile],
        },
        history: [{ created_by: hostile }],
      },
    });
    await pusher.image("hostile/app", "artifact", {
      artifactType: "application/vnd.x<script>alert(5)</script>+json",
    });
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  async function loggedIn(options?: TabOptions, path = "/"): Promise<Tab> {
    const { admin, url } = world.registry;
    const tab = await browser.open(options);
    await tab.goto(`${url}${path}`);
    await tab.fill("#username", admin.name);
    await tab.fill("#password", admin.password);
    await tab.navigate(() => tab.press("Enter"));
    return tab;
  }

  const textOf = (tab: Tab): Promise<string> =>
    tab.evaluate<string>("document.querySelector('main').innerText");
  const pathOf = (tab: Tab): Promise<string> => tab.evaluate<string>("location.pathname + location.search");

  for (const scripts of [false, true]) {
    test(`are walked through from login to delete to logout, with scripts ${scripts ? "on" : "off"}`, async () => {
      const tag = scripts ? "walked-on" : "walked-off";
      await world.pusher.image("team/app", tag);
      await using tab = await loggedIn({ scripts }, "/?q=team");
      assert.equal(await pathOf(tab), "/?q=team");
      assert.match(await textOf(tab), /2 of 4 repositories/);
      await tab.follow('a[href="/r/team/app"]');
      await tab.fill("#q", tag);
      await tab.navigate(() => tab.press("Enter"));
      await tab.follow(`a[href="/r/team/app/-/tags/${tag}"]`);
      await tab.follow(`a[href="/r/team/app/-/tags/${tag}/delete"]`);
      assert.match(await textOf(tab), new RegExp(`The tag team/app:${tag} goes`));
      await tab.follow("button.danger");
      assert.equal(await pathOf(tab), "/r/team/app");
      assert.match(await textOf(tab), new RegExp(`The tag ${tag} is deleted\\.`));
      await tab.goto(`${world.registry.url}/r/team/app`);
      assert.doesNotMatch(await textOf(tab), new RegExp(tag), "the message is shown once");
      await tab.follow("form.account button");
      assert.equal(await pathOf(tab), "/login");
      assert.deepEqual(tab.problems, []);
    });
  }

  test("show an image: layers with what made them, configuration, what refers to it, who pulled it", async () => {
    await using tab = await loggedIn({}, "/r/team/app/-/tags/v1.0.0");
    const text = await eventually(async () => {
      await tab.goto(`${world.registry.url}/r/team/app/-/tags/v1.0.0`);
      const shown = await textOf(tab);
      assert.match(shown, /Pulled by[\s\S]*admin\s+1\s/);
      return shown;
    });
    for (const part of [
      "immutable",
      "linux/amd64",
      "9f3c2e1",
      "ADD file:1 in /",
      "RUN make install",
      "75 %",
      "SBOM (SPDX)",
      "Signature (notation)",
      "Signature (cosign)",
      "Part of",
      `podman pull ${world.registry.address}/team/app:v1.0.0`,
    ]) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    const picture = (await tab.accessibility()).find(({ name }) =>
      name.startsWith("2 layers and the configuration by size"),
    );
    assert.match(picture?.name ?? "", /the largest is layer 1 with 75 %/);
    const widths = await tab.evaluate<number[]>(
      "[...document.querySelectorAll('.picture rect')].map((r) => r.getBoundingClientRect().width)",
    );
    assert.ok(widths.length === 3 && (widths[0] ?? 0) > 2.8 * (widths[1] ?? 0), String(widths));
  });

  test("say of what is no image what it is, and what pulls it", async () => {
    await using tab = await loggedIn({}, "/r/team/app");
    const { registry } = world;
    assert.match(await textOf(tab), /sha256-[0-9a-f]{64}\.sig\s[\s\S]*?Signature \(cosign\)/);
    const cosign = await tab.evaluate<string>("document.querySelector('a[href$=\".sig\"]').pathname");
    await tab.goto(`${registry.url}${cosign}`);
    assert.match(await textOf(tab), /Kind\s+Signature \(cosign\)[\s\S]*oras pull \S+\.sig\s/);
    await tab.goto(`${registry.url}/r/charts/shop`);
    assert.match(await textOf(tab), /1\.2\.3[\s\S]*Helm chart/);
    await tab.goto(`${registry.url}/r/charts/shop/-/tags/1.2.3`);
    const text = await textOf(tab);
    assert.ok(text.includes(`helm pull oci://${registry.address}/charts/shop --version 1.2.3`), text);
    assert.doesNotMatch(text, /podman pull/);
    await tab.goto(`${registry.url}/r/hostile/app/-/tags/artifact`);
    assert.ok((await textOf(tab)).includes(`oras pull ${registry.address}/hostile/app:artifact`));
  });

  test("break no time and no short digest, and hide no part of the bar on a phone", async () => {
    const broken = `[...document.querySelectorAll("main time, main a.digest")]
      .filter((element) => element.getClientRects().length > 1).map((element) => element.innerText)`;
    for (const width of [360, 800, 1_200]) {
      await using tab = await loggedIn({ width });
      // As it reads some minutes later, beside a name that takes all room that is left.
      for (const path of ["/", "/r/team/app", "/r/team/app/-/tags/v1.0.0"]) {
        await tab.goto(`${world.registry.url}${path}`);
        await tab.evaluate(`for (const time of document.querySelectorAll("time")) time.textContent = "59 minutes ago";
          for (const name of document.querySelectorAll("td .name")) name.textContent = "a-long-part/".repeat(12)`);
        assert.deepEqual(await tab.evaluate(broken), [], `${path} at ${width}`);
      }
      const hidden = `[...document.querySelectorAll(".top nav a")]
        .filter((link) => link.getBoundingClientRect().right > innerWidth).map((link) => link.innerText)`;
      assert.deepEqual(await tab.evaluate(hidden), [], `the bar at ${width}`);
    }
  });

  test("run nothing and fetch nothing that somebody wrote into an image", async () => {
    await using tab = await loggedIn();
    for (const path of [
      "/",
      "/r/hostile/app",
      "/r/hostile/app/-/tags/main",
      "/r/hostile/app/-/tags/artifact",
      "/audit",
    ]) {
      await tab.goto(`${world.registry.url}${path}`);
      const found = await tab.evaluate<number>(
        "document.querySelectorAll('main img, main script, main [onerror], main [onmouseover], main a[href^=javascript]').length",
      );
      assert.equal(found, 0, path);
    }
    await tab.goto(`${world.registry.url}/r/hostile/app/-/tags/main`);
    const text = await textOf(tab);
    assert.ok(text.includes('"><img src=x onerror=alert(1)><script>alert(2)</script>'));
    assert.ok(text.includes("\\u{202e}gpj.exe"), "a character that turns the text around is shown");
    assert.equal(await tab.evaluate("document.querySelectorAll('a[href*=evil]').length"), 0);
    assert.deepEqual(tab.problems, []);
  });

  const paths = [
    "/",
    "/r/team/app",
    "/r/team/app/-/tags/v1.0.0",
    "/r/team/app/-/tags/latest",
    "/r/team/app/-/delete",
    "/r/team/app/-/tags/latest/delete",
    "/audit",
    "/rules?repository=team/app&account=bob",
    "/collection",
    "/r/nothing",
  ];

  for (const theme of ["light", "dark"] as const) {
    test(`fit on a phone, can be read and have names for everything, ${theme}`, async () => {
      await using tab = await loggedIn({ width: 360, height: 700, theme });
      for (const path of paths) {
        await tab.goto(`${world.registry.url}${path}`);
        assert.ok(
          (await tab.evaluate<number>("document.documentElement.scrollWidth")) <= 360,
          `${path} is too wide`,
        );
        assert.deepEqual(await tab.evaluate(lowContrast), [], path);
        const nameless = (await tab.accessibility()).filter(
          ({ role, name }) =>
            /^(?:button|link|textbox|searchbox|combobox|image|heading)$/.test(role) && name.trim() === "",
        );
        assert.deepEqual(nameless, [], path);
        assert.equal(await tab.evaluate("document.querySelectorAll('h1').length"), 1, path);
      }
      assert.deepEqual(tab.problems, []);
    });
  }

  test("are used by keyboard: a way past the bar, to the search, and through the form", async () => {
    await using tab = await loggedIn();
    const focused = (): Promise<string> =>
      tab.evaluate<string>("document.activeElement.id || document.activeElement.textContent.trim()");
    await tab.press("Tab");
    assert.equal(await focused(), "Skip to the content");
    assert.ok(
      (await tab.evaluate<number>("document.activeElement.getBoundingClientRect().x")) >= 0,
      "it can be seen",
    );
    await tab.press("Enter");
    await eventually(async () => assert.equal(await focused(), "content"));
    await tab.press("/");
    assert.equal(await focused(), "q");
    assert.equal(await tab.evaluate("document.activeElement.value"), "");
    await tab.press("Tab");
    assert.equal(await focused(), "order");
    await tab.press("Tab");
    assert.equal(await focused(), "Search");
  });

  test("are sound HTML", async () => {
    const client = world.client();
    for (const path of ["/login", ...paths]) {
      if (path === "/") await client.login(world.registry.admin);
      const { html } = await client.get(path);
      assert.deepEqual(nestingProblems(html), [], path);
      assert.deepEqual(idProblems(html), [], path);
    }
  });
});
