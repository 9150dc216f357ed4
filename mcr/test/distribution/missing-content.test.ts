import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
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
import { type Distribution, digestOf, startDistribution, tableAuthenticator } from "./fixture.ts";

// Distribution specification 1.1, section "Pushing Manifests": a registry may refuse a manifest that points to what it lacks,
// or take it. Here an operator has said that it takes some.

const configType = "application/vnd.oci.image.config.v1+json";
const all = ["pull", "push", "delete"] as const;
const rights = { alice: { "team/app": all, "team/other": all }, bob: { "bob/app": all } };
const as = (name: string) => ({ headers: { authorization: `Bearer ${name}` } });

/** The registry as somebody who logged in sees it. */
function seenBy(registry: Distribution, name: string): Distribution {
  return {
    ...registry,
    send: (method, target, parts = {}) =>
      registry.send(method, target, { ...parts, headers: { ...as(name).headers, ...parts.headers } }),
  };
}

const childOf = (manifest: string): Record<string, unknown> => descriptor(manifest, imageType);

describe("where indexes may be sparse", () => {
  let registry: Distribution;
  let alice: Distribution;
  let bob: Distribution;
  before(async () => {
    registry = await startDistribution({ authenticator: tableAuthenticator(rights), mayLack: "manifests" });
    [alice, bob] = [seenBy(registry, "alice"), seenBy(registry, "bob")];
  });
  after(() => registry[Symbol.asyncDispose]());

  test("an index is taken of which the repository has one image only, and pulls byte for byte", async () => {
    const image = await pushImage(alice, "team/app");
    const absent = imageManifest({ config: descriptor("elsewhere", configType) });
    const body = index([childOf(image.manifest), childOf(absent)]);
    assert.equal((await putManifest(alice, "team/app", "sparse", body, indexType)).status, 201);
    const pulled = await alice.send("GET", "/v2/team/app/manifests/sparse");
    assert.equal(pulled.body.toString(), body);
    assert.equal((await alice.send("GET", `/v2/team/app/manifests/${image.digest}`)).status, 200);
    const lacking = `/v2/team/app/manifests/${digestOf(absent)}`;
    assertError(await alice.send("GET", lacking), 404, "MANIFEST_UNKNOWN");
    assertError(await alice.send("DELETE", lacking), 404, "MANIFEST_UNKNOWN");
  });

  test("an image whose layer is not there is refused all the same", async () => {
    const body = imageManifest({ config: descriptor("no configuration", configType) });
    assertError(await putManifest(alice, "team/app", "v1", body), 400, "MANIFEST_BLOB_UNKNOWN");
  });

  test("to name an image gives no right to it, neither when it is elsewhere nor when it comes there later", async () => {
    const before = await pushImage(alice, "team/other");
    const later = imageManifest({ config: descriptor("{}", configType) });
    const body = index([childOf(before.manifest), childOf(later)]);
    assert.equal((await putManifest(bob, "bob/app", "curious", body, indexType)).status, 201);
    await pushBlob(alice, "team/other", "{}");
    assert.equal((await putManifest(alice, "team/other", "later", later)).status, 201);
    for (const digest of [before.digest, digestOf(later)]) {
      for (const method of ["GET", "HEAD"])
        assert.equal((await bob.send(method, `/v2/bob/app/manifests/${digest}`)).status, 404, digest);
    }
    for (const digest of [before.layer, before.config, before.digest, digestOf("{}")]) {
      for (const method of ["GET", "HEAD"])
        assert.equal((await bob.send(method, `/v2/bob/app/blobs/${digest}`)).status, 404, digest);
      const mounted = await bob.send("POST", `/v2/bob/app/blobs/uploads/?mount=${digest}`);
      assert.equal(mounted.status, 202, "an upload begins, since nothing could be mounted");
    }
  });

  test("an image that comes after its index belongs to it like any other", async () => {
    await pushBlob(alice, "team/app", "{}");
    const image = imageManifest({
      config: descriptor("{}", configType),
      fields: { annotations: { a: "b" } },
    });
    const body = index([childOf(image)]);
    assert.equal((await putManifest(alice, "team/app", "early", body, indexType)).status, 201);
    assert.equal((await putManifest(alice, "team/app", digestOf(image), image)).status, 201);
    assert.deepEqual(await registry.metadata.includedBy("team/app", digestOf(image), 10), [digestOf(body)]);
  });
});

describe("where manifests may point to anything", () => {
  let registry: Distribution;
  let bob: Distribution;
  before(async () => {
    registry = await startDistribution({ authenticator: tableAuthenticator(rights), mayLack: "anything" });
    bob = seenBy(registry, "bob");
  });
  after(() => registry[Symbol.asyncDispose]());

  test("an image is taken whose layers are not there, and gives no right to blobs of others", async () => {
    const alice = seenBy(registry, "alice");
    const secret = await pushBlob(alice, "team/app");
    const body = imageManifest({
      config: descriptor("nowhere", configType),
      layers: [descriptor(secret.content)],
    });
    assert.equal((await putManifest(bob, "bob/app", "curious", body)).status, 201);
    assert.equal((await bob.send("GET", "/v2/bob/app/manifests/curious")).body.toString(), body);
    const path = `/v2/bob/app/blobs/${secret.digest}`;
    for (const method of ["GET", "HEAD", "DELETE"])
      assert.equal((await bob.send(method, path)).status, 404, method);
    for (const from of ["", "&from=bob/app", "&from=team/app"]) {
      const target = `/v2/bob/app/blobs/uploads/?mount=${secret.digest}${from}`;
      assert.equal((await bob.send("POST", target)).status, 202, from);
    }
    assert.equal((await bob.send("DELETE", "/v2/bob/app/manifests/curious")).status, 202);
    assert.equal((await bob.send("DELETE", `/v2/bob/app/manifests/${digestOf(body)}`)).status, 202);
  });
});
