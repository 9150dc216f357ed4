import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  assertError,
  descriptor,
  imageManifest,
  imageType,
  index,
  indexType,
  pushBlob,
  pushImage,
  putManifest,
} from "./content.ts";
import { type Distribution, digestOf, type Reply, startDistribution } from "./fixture.ts";

// Distribution specification 1.1, sections "Listing Referrers" and "Pushing Manifests with Subject".

let registry: Distribution;
before(async () => void (registry = await startDistribution()));
after(() => registry[Symbol.asyncDispose]());

interface Listed {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly manifests: readonly {
    digest: string;
    mediaType: string;
    size: number;
    artifactType?: string;
    annotations?: object;
  }[];
}

function listed(reply: Reply): Listed["manifests"] {
  assert.equal(reply.status, 200, reply.body.toString());
  assert.equal(reply.headers["content-type"], indexType);
  const { schemaVersion, mediaType, manifests } = reply.json() as Listed;
  assert.equal(schemaVersion, 2);
  assert.equal(mediaType, indexType);
  return manifests;
}

/** Pushes an artifact about a subject. */
async function refer(
  repository: string,
  subject: { digest: string; manifest: string },
  fields: object = {},
  type = imageType,
): Promise<string> {
  const empty = await pushBlob(registry, repository, "{}");
  const about = { mediaType: imageType, digest: subject.digest, size: subject.manifest.length };
  const config = descriptor(empty.content, "application/vnd.oci.empty.v1+json");
  const body =
    type === imageType
      ? imageManifest({ config, fields: { subject: about, ...fields } })
      : index([], { subject: about, ...fields });
  const reply = await putManifest(registry, repository, digestOf(body), body, type);
  assert.equal(reply.status, 201, reply.body.toString());
  assert.equal(reply.headers["oci-subject"], subject.digest);
  return digestOf(body);
}

test("nothing refers to what is not there, nor in repositories that are not there", async () => {
  await pushImage(registry, "referrers/none");
  for (const repository of ["referrers/none", "referrers/nobody"])
    assert.deepEqual(listed(await registry.send("GET", `/v2/${repository}/referrers/${digestOf("x")}`)), []);
});

test("what refers to a manifest is listed with its type, size and annotations", async () => {
  const repository = "referrers/all";
  const subject = await pushImage(registry, repository);
  const annotations = { "org.example.a": "1" };
  const typed = await refer(repository, subject, {
    artifactType: "application/vnd.example.sbom",
    annotations,
  });
  const untyped = await refer(repository, subject, { annotations: { b: "2" } });
  const indexed = await refer(repository, subject, { annotations: { c: "3" } }, indexType);
  const typedIndex = await refer(
    repository,
    subject,
    { artifactType: "application/vnd.example.list" },
    indexType,
  );
  const found = new Map(
    listed(await registry.send("GET", `/v2/${repository}/referrers/${subject.digest}`)).map((one) => [
      one.digest,
      one,
    ]),
  );
  assert.equal(found.size, 4);
  for (const [digest, one] of found) {
    const got = await registry.send("GET", `/v2/${repository}/manifests/${digest}`);
    assert.equal(got.headers["content-type"], one.mediaType);
    assert.equal(got.body.length, one.size);
  }
  assert.equal(found.get(typed)?.artifactType, "application/vnd.example.sbom");
  assert.deepEqual(found.get(typed)?.annotations, annotations);
  assert.equal(
    found.get(untyped)?.artifactType,
    "application/vnd.oci.empty.v1+json",
    "the type of the configuration",
  );
  assert.equal(Object.hasOwn(found.get(indexed) ?? {}, "artifactType"), false, "an index has none by itself");
  assert.deepEqual(found.get(indexed)?.annotations, { c: "3" });
  assert.equal(found.get(typedIndex)?.artifactType, "application/vnd.example.list");
});

test("the list is filtered by type, and says so", async () => {
  const repository = "referrers/filter";
  const subject = await pushImage(registry, repository);
  const sbom = await refer(repository, subject, { artifactType: "application/vnd.example.sbom+json" });
  await refer(repository, subject, { artifactType: "application/vnd.example.signature" });
  const path = `/v2/${repository}/referrers/${subject.digest}`;
  const reply = await registry.send(
    "GET",
    `${path}?artifactType=${encodeURIComponent("application/vnd.example.sbom+json")}`,
  );
  assert.deepEqual(
    listed(reply).map(({ digest }) => digest),
    [sbom],
  );
  assert.equal(reply.headers["oci-filters-applied"], "artifactType");
  const none = await registry.send("GET", `${path}?artifactType=application/vnd.example.none`);
  assert.deepEqual(listed(none), []);
  assert.equal(none.headers["oci-filters-applied"], "artifactType");
  assert.equal((await registry.send("GET", path)).headers["oci-filters-applied"], undefined);
});

test("a referrer may come before its subject, and the subject may never come", async () => {
  const repository = "referrers/early";
  const manifest = imageManifest({ config: descriptor("{}", "application/vnd.oci.empty.v1+json") });
  const digest = await refer(repository, { digest: digestOf(manifest), manifest });
  const path = `/v2/${repository}/referrers/${digestOf(manifest)}`;
  assert.deepEqual(
    listed(await registry.send("GET", path)).map((one) => one.digest),
    [digest],
  );
  assert.equal((await putManifest(registry, repository, digestOf(manifest), manifest)).status, 201);
  assert.deepEqual(
    listed(await registry.send("GET", path)).map((one) => one.digest),
    [digest],
  );
});

test("a referrer that is deleted is not listed any more, and one of another repository never", async () => {
  const subject = await pushImage(registry, "referrers/gone");
  const digest = await refer("referrers/gone", subject);
  await refer("referrers/elsewhere", subject);
  const path = `/v2/referrers/gone/referrers/${subject.digest}`;
  assert.equal(listed(await registry.send("GET", path)).length, 1);
  assert.equal((await registry.send("DELETE", `/v2/referrers/gone/manifests/${digest}`)).status, 202);
  assert.deepEqual(listed(await registry.send("GET", path)), []);
});

test("a list that is too long goes on where its link says, with the same filter", async () => {
  const repository = "referrers/pages";
  const subject = await pushImage(registry, repository);
  const wanted = new Set<string>();
  for (let at = 0; at < 25; at++)
    wanted.add(
      await refer(repository, subject, {
        artifactType: "application/vnd.example.a",
        annotations: { at: `${at}` },
      }),
    );
  await refer(repository, subject, { artifactType: "application/vnd.example.b" });
  const found: string[] = [];
  let path: string | undefined =
    `/v2/${repository}/referrers/${subject.digest}?artifactType=application/vnd.example.a&n=10`;
  let pages = 0;
  while (path !== undefined) {
    const reply: Reply = await registry.send("GET", path);
    found.push(...listed(reply).map(({ digest }) => digest));
    assert.equal(reply.headers["oci-filters-applied"], "artifactType");
    path = /^<(.+)>; rel="next"$/.exec(String(reply.headers["link"] ?? ""))?.[1];
    pages++;
  }
  assert.equal(pages, 3);
  assert.equal(found.length, 25);
  assert.deepEqual(new Set(found), wanted);
});

test("no page is larger than a manifest may be", async () => {
  const repository = "referrers/large";
  const subject = await pushImage(registry, repository);
  const count = 3;
  for (let at = 0; at < count; at++)
    await refer(repository, subject, { annotations: { [`a${at}`]: "ü".repeat(950_000) } });
  const first = await registry.send("GET", `/v2/${repository}/referrers/${subject.digest}`);
  assert.equal(listed(first).length, 2);
  assert.ok(first.body.length <= 4 * 1024 * 1024);
  const second = await registry.send("GET", /^<(.+)>/.exec(String(first.headers["link"]))?.[1] ?? "");
  assert.equal(listed(second).length, 1);
});

test("what is no digest is refused", async () => {
  assertError(await registry.send("GET", "/v2/referrers/none/referrers/latest"), 400, "DIGEST_INVALID");
  assertError(await registry.send("GET", "/v2/referrers/none/referrers/sha256:x"), 400, "DIGEST_INVALID");
});
