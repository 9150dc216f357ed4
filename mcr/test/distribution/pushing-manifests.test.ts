import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import {
  assertError,
  descriptor,
  imageManifest,
  imageType,
  index,
  indexType,
  layerType,
  pushBlob,
  pushImage,
  putManifest,
} from "./content.ts";
import { type Distribution, digestOf, startDistribution } from "./fixture.ts";

// Distribution specification 1.1, section "Pushing Manifests", and the extensions of its development version.

let registry: Distribution;
before(async () => {
  registry = await startDistribution({
    rules: {
      requireMovable(repository, tag, { from, to }) {
        if (repository !== "rules/kept" || !tag.startsWith("v") || from === to) return;
        const found = `it stands for ${from}`;
        throw new DetailedError({
          code: "TAG_IMMUTABLE",
          category: "failed-precondition",
          attempted: "move tag",
          found,
        });
      },
      quotaBytes: (repository) => (repository === "rules/small" ? 1_000 : undefined),
    },
  });
});
after(() => registry[Symbol.asyncDispose]());

const configType = "application/vnd.oci.image.config.v1+json";

test("a manifest is pushed by tag and by digest, and says where it is", async () => {
  const { digest, manifest, reply } = await pushImage(registry, "manifests/where", { reference: "v1" });
  assert.equal(reply.headers.location, `/v2/manifests/where/manifests/${digest}`);
  assert.equal(reply.headers["docker-content-digest"], digest);
  assert.equal(reply.headers["oci-subject"], undefined);
  const got = await registry.send("GET", reply.headers.location ?? "");
  assert.equal(got.body.toString(), manifest);
});

test("a manifest is pushed by a sha512 digest and found under it", async () => {
  const { digest, manifest, reply } = await pushImage(registry, "manifests/sha512", { algorithm: "sha512" });
  assert.equal(reply.headers["docker-content-digest"], digest);
  assert.ok(digest.startsWith("sha512:"));
  const got = await registry.send("GET", `/v2/manifests/sha512/manifests/${digest}`);
  assert.equal(got.body.toString(), manifest);
  assert.equal(got.headers["docker-content-digest"], digest);
});

test("a digest may be pushed with tags at once", async () => {
  const { digest, manifest } = await pushImage(registry, "manifests/tags", { algorithm: "sha512" });
  const reply = await registry.send("PUT", `/v2/manifests/tags/manifests/${digest}?tag=one&tag=two`, {
    headers: { "content-type": imageType },
    body: manifest,
  });
  assert.equal(reply.status, 201);
  assert.deepEqual((reply.headers["oci-tag"] as unknown as string).split(", "), ["one", "two"]);
  for (const tag of ["one", "two"]) {
    const got = await registry.send("GET", `/v2/manifests/tags/manifests/${tag}`);
    assert.equal(got.headers["docker-content-digest"], digest);
  }
  const many = Array.from({ length: 51 }, (_, at) => `tag=t${at}`).join("&");
  assertError(
    await registry.send("PUT", `/v2/manifests/tags/manifests/${digest}?${many}`, { body: manifest }),
    414,
    "UNSUPPORTED",
  );
  assertError(
    await registry.send("PUT", `/v2/manifests/tags/manifests/${digest}?tag=a/b`, { body: manifest }),
    400,
    "MANIFEST_INVALID",
  );
});

test("content that has another digest is refused", async () => {
  const { digest, manifest } = await pushImage(registry, "manifests/digest");
  assertError(
    await putManifest(registry, "manifests/digest", digest, `${manifest}  `),
    400,
    "DIGEST_INVALID",
  );
  for (const wrong of ["sha256:baddigeststring", "sha256:totallywrong", "md5:0123"])
    assertError(await putManifest(registry, "manifests/digest", wrong, manifest), 400, "DIGEST_INVALID");
});

test("a tag stands for what was pushed last, and the audit says what it was before", async () => {
  const first = await pushImage(registry, "manifests/moved", { reference: "latest" });
  registry.audited.length = 0;
  const second = await pushImage(registry, "manifests/moved", { reference: "latest" });
  const got = await registry.send("HEAD", "/v2/manifests/moved/manifests/latest");
  assert.equal(got.headers["docker-content-digest"], second.digest);
  assert.equal((await registry.send("HEAD", `/v2/manifests/moved/manifests/${first.digest}`)).status, 200);
  const entry = registry.audited.find(({ action }) => action === "push-manifest");
  assert.equal(entry?.detail, `latest was ${first.digest}`);
  assert.equal(entry.digest, second.digest);
});

test("a manifest whose content is not there is refused with each digest that lacks", async () => {
  const there = await pushBlob(registry, "manifests/missing");
  const manifest = imageManifest({
    config: descriptor("no configuration", configType),
    layers: [descriptor(there.content), descriptor("no layer")],
  });
  const reply = await putManifest(registry, "manifests/missing", "v1", manifest);
  assertError(reply, 400, "MANIFEST_BLOB_UNKNOWN");
  const { errors } = reply.json() as { errors: { code: string; detail: { digest: string } }[] };
  assert.ok(errors.every(({ code }) => code === "MANIFEST_BLOB_UNKNOWN"));
  assert.deepEqual(
    new Set(errors.map(({ detail }) => detail.digest)),
    new Set([digestOf("no configuration"), digestOf("no layer")]),
  );
  assert.equal((await registry.send("GET", "/v2/manifests/missing/manifests/v1")).status, 404);
});

test("a blob of another repository does not count, nor does an image of which an index lacks", async () => {
  const elsewhere = await pushBlob(registry, "manifests/elsewhere");
  const manifest = imageManifest({ config: descriptor(elsewhere.content, configType) });
  assertError(await putManifest(registry, "manifests/here", "v1", manifest), 400, "MANIFEST_BLOB_UNKNOWN");
  const image = await pushImage(registry, "manifests/elsewhere");
  const body = index([{ mediaType: imageType, digest: image.digest, size: image.manifest.length }]);
  assertError(
    await putManifest(registry, "manifests/here", "v1", body, indexType),
    400,
    "MANIFEST_BLOB_UNKNOWN",
  );
});

test("all that image and index may be is accepted", async () => {
  const repository = "manifests/kinds";
  const empty = await pushBlob(registry, repository, "{}");
  const layer = await pushBlob(registry, repository);
  const config = descriptor("{}", "application/vnd.oci.empty.v1+json");
  const child = await pushImage(registry, repository);
  const image = { mediaType: imageType, digest: child.digest, size: child.manifest.length };
  const nested = index([image]);
  const far = { ...descriptor("far away"), urls: ["https://store.example/blob"] };
  const docker = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    config: descriptor("{}", "application/vnd.docker.container.image.v1+json"),
    layers: [descriptor(layer.content, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
  });
  const dockerDigest = digestOf(docker);
  const accepted: readonly [what: string, type: string, body: string][] = [
    ["no layers", imageType, imageManifest({ config })],
    [
      "layers that are null, as Go writes none",
      imageType,
      imageManifest({ config, fields: { layers: null } }),
    ],
    [
      "an artifact",
      imageType,
      imageManifest({ config, fields: { artifactType: "application/vnd.example" } }),
    ],
    [
      "data inside",
      imageType,
      imageManifest({ config: { ...config, data: "e30=" }, layers: [descriptor(layer.content)] }),
    ],
    ["layers to be fetched elsewhere", imageType, imageManifest({ config, layers: [far] })],
    [
      "layers not to be distributed",
      imageType,
      imageManifest({
        config,
        layers: [descriptor("x", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")],
      }),
    ],
    [
      "fields that nobody knows",
      imageType,
      imageManifest({ config, fields: { "org.example": { a: [1, null] } } }),
    ],
    [
      "a subject that is not there",
      imageType,
      imageManifest({ config, fields: { subject: { ...image, digest: digestOf("gone") } } }),
    ],
    ["no mediaType", imageType, JSON.stringify({ schemaVersion: 2, config, layers: [] })],
    ["docker's manifest", "application/vnd.docker.distribution.manifest.v2+json", docker],
    ["an empty index", indexType, index([])],
    ["an index", indexType, nested],
    [
      "an index of artifacts",
      indexType,
      index([image], { artifactType: "application/vnd.example", annotations: { a: "b" } }),
    ],
    [
      "a nested index",
      indexType,
      index([{ mediaType: indexType, digest: digestOf(nested), size: nested.length }]),
    ],
    ["an index of layers, as of BuildKit's caches", indexType, index([descriptor(layer.content)])],
    [
      "docker's list",
      "application/vnd.docker.distribution.manifest.list.v2+json",
      index(
        [
          {
            mediaType: "application/vnd.docker.distribution.manifest.v2+json",
            digest: dockerDigest,
            size: docker.length,
          },
        ],
        {
          mediaType: "application/vnd.docker.distribution.manifest.list.v2+json",
        },
      ),
    ],
  ];
  assert.equal(empty.digest, config["digest"]);
  for (const [what, type, body] of accepted) {
    const reply = await putManifest(registry, repository, digestOf(body), body, type);
    assert.equal(reply.status, 201, `${what}: ${reply.body.toString()}`);
    const got = await registry.send("GET", reply.headers.location ?? "");
    assert.equal(got.body.toString(), body, what);
    assert.equal(got.headers["content-type"], type, what);
  }
});

test("parameters of the content type do not count, and without one the manifest's own word does", async () => {
  const { manifest } = await pushImage(registry, "manifests/type");
  const put = (headers: Record<string, string>) =>
    registry.send("PUT", "/v2/manifests/type/manifests/t", { headers, body: manifest });
  assert.equal((await put({ "content-type": `${imageType}; charset=utf-8` })).status, 201);
  assert.equal((await put({})).status, 201);
  assertError(await put({ "content-type": indexType }), 400, "MANIFEST_INVALID");
  assertError(await put({ "content-type": "application/json" }), 400, "MANIFEST_INVALID");
});

test("what is no manifest of a known kind is refused and says why", async () => {
  const repository = "manifests/invalid";
  const config = await pushBlob(registry, repository);
  const good = {
    schemaVersion: 2,
    mediaType: imageType,
    config: descriptor(config.content, configType),
    layers: [],
  };
  const bad: readonly [body: unknown, why: RegExp][] = [
    ["", /no JSON/],
    ["{", /no JSON/],
    ["[]", /no object/],
    ["null", /no object/],
    ["\xff\xfe", /no JSON/],
    [{ ...good, schemaVersion: 1 }, /schemaVersion/],
    [{ ...good, schemaVersion: "2" }, /schemaVersion/],
    [{ ...good, config: undefined }, /config/],
    [{ ...good, config: { ...good.config, digest: "sha256:1" } }, /config\.digest/],
    [{ ...good, config: { ...good.config, size: -1 } }, /config\.size/],
    [{ ...good, config: { ...good.config, size: 1.5 } }, /config\.size/],
    [{ ...good, config: { ...good.config, data: "AAAA" } }, /config\.data/],
    [{ ...good, layers: {} }, /layers/],
    [{ ...good, layers: [1] }, /layers\[0\]/],
    [{ ...good, manifests: [] }, /must not have manifests/],
    [{ ...good, annotations: { a: 1 } }, /annotations/],
    [{ ...good, subject: {} }, /subject/],
    [{ ...good, artifactType: 5 }, /artifactType/],
    [{ ...good, artifactType: "a\0b" }, /artifactType/],
    [{ ...good, artifactType: "a".repeat(300) }, /artifactType/],
    [{ ...good, Layers: [] }, /Layers/],
    [{ ...good, "layer\u017f": [] }, /written layers/],
    [{ ...good, mediaType: 5 }, /mediaType/],
    [`{"schemaVersion":2,"schemaVersion":2}`, /twice/],
  ];
  for (const [body, why] of bad) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const reply = await putManifest(registry, repository, "v1", text);
    assert.match(assertError(reply, 400, "MANIFEST_INVALID").message, why, text);
  }
  const old = JSON.stringify({ schemaVersion: 1, name: "a", tag: "b", fsLayers: [] });
  assertError(
    await putManifest(
      registry,
      repository,
      "v1",
      old,
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ),
    400,
    "MANIFEST_INVALID",
  );
  assertError(await putManifest(registry, repository, "a/b", JSON.stringify(good)), 404, "UNSUPPORTED");
  assertError(
    await putManifest(registry, repository, "a".repeat(129), JSON.stringify(good)),
    400,
    "MANIFEST_INVALID",
  );
});

test("four MiB of manifest are taken, more are not", async () => {
  const repository = "manifests/large";
  const config = await pushBlob(registry, repository);
  const annotations = Object.fromEntries(
    Array.from({ length: 390 }, (_, at) => [`large-${at}`, "A".repeat(10_000)]),
  );
  const large = imageManifest({ config: descriptor(config.content, configType), fields: { annotations } });
  assert.equal((await putManifest(registry, repository, "v1", large)).status, 201);
  assert.equal((await registry.send("GET", `/v2/${repository}/manifests/v1`)).body.toString(), large);
  const full = large + " ".repeat(4 * 1024 * 1024 - large.length);
  assert.equal((await putManifest(registry, repository, "v2", full)).status, 201);
  assertError(await putManifest(registry, repository, "v3", `${full} `), 413, "SIZE_INVALID");
  const pieces = { headers: { "content-type": imageType }, body: [full, " "] };
  assertError(await registry.send("PUT", `/v2/${repository}/manifests/v3`, pieces), 413, "SIZE_INVALID");
  assert.equal((await registry.send("GET", "/v2/")).status, 200);
});

test("a manifest with a subject says that it was taken as one about it", async () => {
  const subject = { mediaType: imageType, digest: digestOf("about this"), size: 10 };
  const image = await pushImage(registry, "manifests/subject", { reference: "v1", fields: { subject } });
  assert.equal(image.reply.headers["oci-subject"], subject.digest);
});

test("a rule keeps a tag as it is, and a quota a repository small", async () => {
  const first = await pushImage(registry, "rules/kept", { reference: "v1.0.0" });
  const config = await pushBlob(registry, "rules/kept");
  const other = imageManifest({ config: descriptor(config.content, configType) });
  const moved = assertError(await putManifest(registry, "rules/kept", "v1.0.0", other), 403, "DENIED");
  assert.equal(moved.detail["code"], "TAG_IMMUTABLE");
  const head = await registry.send("HEAD", "/v2/rules/kept/manifests/v1.0.0");
  assert.equal(head.headers["docker-content-digest"], first.digest);
  assert.equal(
    (await putManifest(registry, "rules/kept", "v1.0.0", first.manifest)).status,
    201,
    "the same once more",
  );
  assert.equal((await putManifest(registry, "rules/kept", "latest", other)).status, 201);
  const begun = await registry.send("POST", "/v2/rules/small/blobs/uploads/");
  const body = "x".repeat(2_000);
  const full = await registry.send("PUT", `${begun.headers.location}?digest=${digestOf(body)}`, { body });
  assert.equal(assertError(full, 403, "DENIED").detail["code"], "QUOTA_EXCEEDED");
});

test("layers that are fetched elsewhere are kept with the image where they were pushed all the same", async () => {
  const repository = "manifests/foreign";
  const config = await pushBlob(registry, repository);
  const layer = await pushBlob(registry, repository);
  const manifest = imageManifest({
    config: descriptor(config.content, configType),
    layers: [{ ...descriptor(layer.content, layerType), urls: ["https://store.example/blob"] }],
  });
  assert.equal((await putManifest(registry, repository, "v1", manifest)).status, 201);
  const kept = await registry.metadata.references(repository, digestOf(manifest));
  assert.deepEqual(
    kept.map(({ digest }) => digest),
    [config.digest, layer.digest],
  );
});
