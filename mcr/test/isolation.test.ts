import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { makeAccounts, makeSubjects, mayPullSecret } from "./isolation-subjects.ts";
import { block, type Column, signed } from "./isolation-table.ts";
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

const golden = new URL("golden/isolation.txt", import.meta.url);

/** `secret/never` is a name that nothing was pushed to. */
const repositories = {
  own: "team/own",
  other: "secret/other",
  public: "public/app",
  missing: "secret/never",
};
const everywhere = "each repository holds this";
const onlySecret = "only the secret repository holds this";
const nowhere = digestOf("nobody holds this");
const blobDigest = digestOf(everywhere);
const secretDigest = digestOf(onlySecret);
const manifest = aManifest(everywhere);
const secretManifest = aManifest(onlySecret);
const manifestDigest = digestOf(manifest);
const secretManifestDigest = digestOf(secretManifest);
const aboutManifest = (subject: string): string =>
  aManifest(everywhere, {
    subject: { mediaType: manifestType, digest: digestOf(subject), size: subject.length },
  });

/** What is asked of each repository. What would change something is wrong or absent, so that being let in shows by 400 or
 * 404; the mounts come last. */
function requests(
  name: string,
  secretUpload: string,
): readonly (readonly [title: string, request: Request])[] {
  const base = `/v2/${name}`;
  const upload = `${base}/blobs/uploads/${secretUpload}`;
  const at = (method: string, path: string): Request => ({ method, path: `${base}/${path}` });
  const body = { body: "x", contentType: "application/octet-stream" };
  return [
    ["HEAD manifest by tag", at("HEAD", "manifests/latest")],
    ["GET manifest by tag", at("GET", "manifests/latest")],
    ["GET manifest by digest", at("GET", `manifests/${manifestDigest}`)],
    ["GET manifest of secret/other", at("GET", `manifests/${secretManifestDigest}`)],
    ["PUT manifest, wrong", { ...at("PUT", "manifests/new"), body: "{}", contentType: manifestType }],
    ["DELETE tag, absent", at("DELETE", "manifests/absent")],
    ["DELETE manifest, absent", at("DELETE", `manifests/${nowhere}`)],
    ["HEAD blob", at("HEAD", `blobs/${blobDigest}`)],
    ["GET blob", at("GET", `blobs/${blobDigest}`)],
    ["GET blob of secret/other", at("GET", `blobs/${secretDigest}`)],
    ["DELETE blob, absent", at("DELETE", `blobs/${nowhere}`)],
    ["GET tags", at("GET", "tags/list")],
    ["GET referrers", at("GET", `referrers/${manifestDigest}`)],
    ["GET referrers of secret/other's", at("GET", `referrers/${secretManifestDigest}`)],
    ["POST upload", at("POST", "blobs/uploads/")],
    ["GET upload of secret/other", { method: "GET", path: upload }],
    ["PATCH upload of secret/other", { method: "PATCH", path: upload, ...body }],
    ["PUT upload of secret/other", { method: "PUT", path: `${upload}?digest=${digestOf("x")}`, ...body }],
    ["DELETE upload of secret/other", { method: "DELETE", path: upload }],
    [
      "mount from secret/other",
      at("POST", `blobs/uploads/?mount=${secretDigest}&from=${repositories.other}`),
    ],
    ["mount from secret/never", at("POST", `blobs/uploads/?mount=${secretDigest}&from=secret/never`)],
    ["mount without from", at("POST", `blobs/uploads/?mount=${secretDigest}`)],
  ];
}

describe("repositories", () => {
  let registry: TestRegistry;
  let caller: ReturnType<typeof createCaller>;
  let subjects: readonly Subject[];
  let secretUpload: string;
  const cleanup = new AsyncDisposableStack();

  before(async () => {
    registry = cleanup.use(await startTestRegistry());
    trust(registry);
    caller = createCaller(registry.url);
    const accounts = await makeAccounts(registry);
    await makeRules(registry);
    subjects = await makeSubjects(registry, accounts, cleanup);
    secretUpload = await fill(caller, admin(registry));
  });
  after(() => cleanup.disposeAsync());

  const askAll = async (subject: Subject, name: string): Promise<(readonly [string, Answer])[]> => {
    const answers: (readonly [string, Answer])[] = [];
    for (const [title, request] of requests(name, secretUpload)) {
      const answer = await caller.ask(subject, request);
      answers.push([title, signed(answer)]);
    }
    return answers;
  };

  test("are open to whom the rules say, for each endpoint, and nothing is told of the others", async () => {
    const blocks: string[] = [];
    for (const subject of subjects) {
      const columns = [];
      for (const name of Object.values(repositories)) columns.push(await askAll(subject, name));
      blocks.push(await block(caller, subject, Object.values(repositories), columns));
      if (!mayPullSecret(subject)) assertNothingTold(subject, columns);
    }
    const table = blocks.join("\n");
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, table);
    assert.equal(table, readFileSync(golden, "utf8"));
  });

  test("tell nothing of blobs elsewhere to who pushes a manifest that names them", async () => {
    const push = (blob: string): Promise<Answer> =>
      caller.ask(alice(registry), {
        method: "PUT",
        path: `/v2/${repositories.own}/manifests/probe`,
        body: aManifest(blob),
        contentType: manifestType,
      });
    const there = await push("secret blob that nobody mounts");
    const absent = await push("a blob that is nowhere at allllll");
    assert.equal(there.status, 400);
    assert.equal(codeIn(there), "MANIFEST_BLOB_UNKNOWN");
    const withoutDigests = ({ body }: Answer): string => body.replaceAll(/sha256:[0-9a-f]{64}/gu, "digest");
    assert.equal(withoutDigests(there), withoutDigests(absent));
  });

  test("have referrers of their own only, wherever the subject is", async () => {
    const body = aboutManifest(secretManifest);
    const pushed = await caller.ask(alice(registry), {
      method: "PUT",
      path: `/v2/${repositories.own}/manifests/${digestOf(body)}`,
      body,
      contentType: manifestType,
    });
    assert.equal(pushed.status, 201, pushed.body);
    const listed = async (subject: Subject, name: string): Promise<string[]> => {
      const path = `/v2/${name}/referrers/${secretManifestDigest}`;
      const answer = await caller.ask(subject, { method: "GET", path });
      const { manifests } = JSON.parse(answer.body) as { manifests: { digest: string }[] };
      return manifests.map(({ digest }) => digest);
    };
    assert.deepEqual(await listed(alice(registry), repositories.own), [digestOf(body)]);
    assert.deepEqual(await listed(admin(registry), repositories.other), [
      digestOf(aManifest(onlySecret, { subject: subjectOf(secretManifest) })),
    ]);
  });

  test("are closed at once by a rule that denies, also to who has a token already", async () => {
    const path = `/v2/${repositories.own}/manifests/latest`;
    const reader = { ...alice(registry), name: "alice, before and after" };
    assert.equal((await caller.ask(reader, { method: "GET", path })).status, 200);
    const rule = { effect: "EFFECT_DENY", priority: 0, accounts: ["alice"], actions: ["pull"] };
    await registry.putRule("access", "lock-out", rule);
    const refused = await caller.ask(reader, { method: "GET", path });
    assert.equal(refused.status, 403);
    assert.match(refused.body, /cannot pull from team\/own: the rules do not let alice pull there/);
    assert.equal((await caller.ask(admin(registry), { method: "GET", path })).status, 200);
  });
});

async function makeRules(registry: TestRegistry): Promise<void> {
  const allow = { effect: "EFFECT_ALLOW", priority: 50 };
  const team = { accounts: ["alice", "builder"], repositories: ["team/**"], actions: ["pull", "push"] };
  await registry.putRule("access", "team", { ...allow, ...team });
  const open = { kinds: ["anonymous", "human"], repositories: ["public/**"], actions: ["pull"] };
  await registry.putRule("access", "public", { ...allow, ...open });
  const closed = { effect: "EFFECT_DENY", accounts: ["builder"], repositories: ["secret/**"] };
  await registry.putRule("access", "builder-keeps-out", { ...closed, priority: 10 });
}

function alice(registry: TestRegistry): Subject {
  return { name: "alice", login: { username: "alice", password: registry.user.password } };
}

function admin(registry: TestRegistry): Subject {
  return { name: "admin", login: { username: "admin", password: registry.admin.password } };
}

/** @returns the id of an upload that was begun in `secret/other` */
async function fill(caller: ReturnType<typeof createCaller>, subject: Subject): Promise<string> {
  const ask = async (request: Request, status: number): Promise<Answer> => {
    const answer = await caller.ask(subject, request);
    assert.equal(answer.status, status, `${request.method} ${request.path}: ${answer.body}`);
    return answer;
  };
  const pushBlob = (name: string, body: string): Promise<Answer> => {
    const path = `/v2/${name}/blobs/uploads/?digest=${digestOf(body)}`;
    return ask({ method: "POST", path, body, contentType: "application/octet-stream" }, 201);
  };
  const pushManifest = (name: string, body: string, reference: string): Promise<Answer> =>
    ask({ method: "PUT", path: `/v2/${name}/manifests/${reference}`, body, contentType: manifestType }, 201);
  for (const name of [repositories.own, repositories.other, repositories.public]) {
    await pushBlob(name, everywhere);
    await pushManifest(name, manifest, "latest");
    const artifact = aboutManifest(manifest);
    await pushManifest(name, artifact, digestOf(artifact));
  }
  await pushBlob(repositories.other, onlySecret);
  await pushBlob(repositories.other, "secret blob that nobody mounts");
  await pushManifest(repositories.other, secretManifest, "secret");
  const about = aManifest(onlySecret, { subject: subjectOf(secretManifest) });
  await pushManifest(repositories.other, about, digestOf(about));
  const begun = await ask({ method: "POST", path: `/v2/${repositories.other}/blobs/uploads/` }, 202);
  return begun.headers.get("location")?.split("/").at(-1) ?? "";
}

function subjectOf(body: string): object {
  return { mediaType: manifestType, digest: digestOf(body), size: body.length };
}

/** Who may not pull learns the same of a repository that is there as of one that is not, also by mounting from it. */
function assertNothingTold(
  subject: Subject,
  [own = [], other = [], , missing = []]: readonly Column[],
): void {
  const same = (one: Answer | undefined, another: Answer | undefined, title: string): void =>
    assert.deepEqual(one && comparable(one), another && comparable(another), `${subject.name}: ${title}`);
  for (const [index, [title, answer]] of other.entries()) {
    // These name `secret/other` in their query besides.
    if (!title.startsWith("mount from")) same(answer, missing[index]?.[1], title);
  }
  const mounted = (from: string): Answer | undefined =>
    own.find(([title]) => title === `mount from ${from}`)?.[1];
  same(mounted(repositories.other), mounted(repositories.missing), "mounts");
}

const uploadId = /(?<=uploads\/|uuid: )[\w-]+/gu;

function comparable({ status, headers, body }: Answer): object {
  const kept = [...headers].filter(([name]) => name !== "date").map((pair) => pair.join(": "));
  const text = JSON.stringify({ status, kept, body });
  return { text: text.replaceAll(/secret\/(?:other|never)/gu, "name").replaceAll(uploadId, "upload") };
}
