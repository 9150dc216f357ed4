import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import {
  aManifest,
  type Answer,
  codeIn,
  createCaller,
  digestOf,
  manifestType,
  type Request,
  type Subject,
} from "./registry-caller.ts";
import { trust } from "./trust.ts";

const blob = "a blob";

describe("rules about tags and sizes", { concurrency: false }, () => {
  let registry: TestRegistry;
  let admin: Subject;
  let caller: ReturnType<typeof createCaller>;

  before(async () => {
    registry = await startTestRegistry();
    trust(registry);
    caller = createCaller(registry.url);
    admin = { name: "admin", bearer: registry.admin.token };
  });
  after(() => registry[Symbol.asyncDispose]());

  const ask = (request: Request): Promise<Answer> => caller.ask(admin, request);
  const pushBlob = (repository: string, body = blob): Promise<Answer> => {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(body)}`;
    return ask({ method: "POST", path, body, contentType: "application/octet-stream" });
  };
  /** Content that differs by `what`. */
  const content = (what: string): string => aManifest(blob, { annotations: { what } });
  const push = (repository: string, tag: string, what: string): Promise<Answer> => {
    const path = `/v2/${repository}/manifests/${tag}`;
    return ask({ method: "PUT", path, body: content(what), contentType: manifestType });
  };
  const remove = (repository: string, reference: string): Promise<Answer> =>
    ask({ method: "DELETE", path: `/v2/${repository}/manifests/${reference}` });
  const standsFor = async (repository: string, tag: string): Promise<string | null> =>
    (await ask({ method: "HEAD", path: `/v2/${repository}/manifests/${tag}` })).headers.get(
      "docker-content-digest",
    );

  test("keep versions from being overwritten in a new registry, and nothing else", async () => {
    await pushBlob("app");
    assert.equal((await push("app", "v1.2.3", "one")).status, 201);
    assert.equal((await push("app", "v1.2.3", "one")).status, 201);
    const refused = await push("app", "v1.2.3", "two");
    assert.deepEqual([refused.status, codeIn(refused)], [403, "DENIED"]);
    assert.match(refused.body, /TAG_IMMUTABLE/u);
    assert.match(refused.body, /cannot move tag app:v1\.2\.3: it stands for sha256:/u);
    assert.equal(await standsFor("app", "v1.2.3"), digestOf(content("one")));
    assert.equal((await push("app", "latest", "one")).status, 201);
    assert.equal((await push("app", "latest", "two")).status, 201);
  });

  test("let an administrator withdraw a version", async () => {
    assert.equal((await remove("app", "v1.2.3")).status, 202);
    assert.equal((await push("app", "v1.2.3", "two")).status, 201);
  });

  test("let one of several pushes of a new version win, and tell the others", async () => {
    const answers = await Promise.all(["a", "b", "c", "d", "e"].map((what) => push("app", "9.9.9", what)));
    const won = answers.filter(({ status }) => status === 201);
    assert.equal(won.length, 1);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201, 403]));
    assert.equal(await standsFor("app", "9.9.9"), won[0]?.headers.get("docker-content-digest"));
  });

  test("keep a tag also from being deleted, with its manifest or alone", async () => {
    const rule = { repositories: ["release/**"], immutable: true, priority: 10 };
    await registry.putRule("immutability", "releases", rule);
    await pushBlob("release/app");
    assert.equal((await push("release/app", "stable", "one")).status, 201);
    for (const reference of ["stable", digestOf(content("one"))]) {
      const refused = await remove("release/app", reference);
      assert.deepEqual([refused.status, codeIn(refused)], [403, "DENIED"], reference);
    }
    assert.equal(await standsFor("release/app", "stable"), digestOf(content("one")));
  });

  test("have exceptions", async () => {
    const rule = { repositories: ["mirror/**"], immutable: false, priority: 5 };
    await registry.putRule("immutability", "mirror", rule);
    await pushBlob("mirror/app");
    assert.equal((await push("mirror/app", "v1.0.0", "one")).status, 201);
    assert.equal((await push("mirror/app", "v1.0.0", "two")).status, 201);
  });

  test("bound what a repository holds, and only that", async () => {
    const bytes = 2 * content("one").length + 10_000;
    await registry.putRule("quotas", "small", { repositories: ["small/*"], bytes });
    assert.equal((await pushBlob("small/app", "x".repeat(9_000))).status, 201);
    const refused = await pushBlob("small/app", "y".repeat(9_000));
    assert.deepEqual([refused.status, codeIn(refused)], [403, "DENIED"]);
    assert.match(refused.body, /QUOTA_EXCEEDED/u);
    assert.equal((await pushBlob("small/app", "x".repeat(9_000))).status, 201);
    assert.equal((await pushBlob("small/other", "y".repeat(9_000))).status, 201);
    const mounted = await ask({
      method: "POST",
      path: `/v2/small/app/blobs/uploads/?mount=${digestOf("y".repeat(9_000))}&from=small/other`,
    });
    assert.deepEqual([mounted.status, codeIn(mounted)], [403, "DENIED"]);
    const begun = await ask({ method: "POST", path: "/v2/small/app/blobs/uploads/" });
    const path = begun.headers.get("location") ?? "";
    const large = { path, body: "z".repeat(90_000), contentType: "application/octet-stream" };
    const early = await ask({ ...large, method: "PATCH" });
    assert.deepEqual([early.status, codeIn(early)], [403, "DENIED"], "before it is complete");
    assert.match(early.body, /larger than its quota/u);
    assert.equal((await ask({ ...large, method: "PATCH", body: "z" })).status, 202);
    assert.equal((await pushBlob("large", "y".repeat(90_000))).status, 201);
  });
});
