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
