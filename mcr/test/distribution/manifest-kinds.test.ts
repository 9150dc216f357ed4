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
import { type Distribution, digestOf, startDistribution } from "./fixture.ts";

// Distribution specification 1.1, section "Pushing Manifests": which manifests there are.

let registry: Distribution;
before(async () => {
  registry = await startDistribution();
});
after(() => registry[Symbol.asyncDispose]());

const configType = "application/vnd.oci.image.config.v1+json";

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
