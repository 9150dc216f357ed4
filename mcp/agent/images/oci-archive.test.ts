import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { digestOf, ociArchive, plainManifest } from "./oci-archive.ts";
import { tarFile, tarPadding } from "./tar.ts";

const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: {} }));
const first = Buffer.from("the first layer");
const second = Buffer.alloc(1_000, 7);
const layers = [first, second].map((content) => ({ diffId: digestOf(content), sizeBytes: content.length }));

describe("the archive of an image", () => {
  test("is an image layout with just the layers that are missing, which tar reads", async (context) => {
    const content = { ...layers[1], diffId: digestOf(second), sizeBytes: second.length };
    const missing = { ...content, read: () => [second.subarray(0, 600), second.subarray(600)] };
    const parts: Uint8Array[] = [];
    const image = { name: "localhost/a:v1", config, layers };
    for await (const part of ociArchive(image, [{ ...missing, read: () => chunksOf(missing.read()) }]))
      parts.push(part);
    const directory = mkdtempSync(join(tmpdir(), "oci-archive-"));
    context.after(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, "image.tar"), Buffer.concat(parts));
    const listed = execFileSync("tar", ["-xvf", "image.tar"], { cwd: directory, encoding: "utf8" }).trim();
    const blob = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
    const index = JSON.parse(readFileSync(join(directory, "index.json"), "utf8")) as {
      manifests: { digest: string; mediaType: string; annotations: Record<string, string> }[];
    };
    const [manifest] = index.manifests;
    assert.ok(manifest !== undefined);
    assert.deepEqual(manifest.annotations, { "org.opencontainers.image.ref.name": "localhost/a:v1" });
    const names = ["oci-layout", "index.json", blob(manifest.digest), blob(digestOf(config))];
    assert.deepEqual(listed.split("\n"), [...names, blob(digestOf(second))]);
    assert.deepEqual(readFileSync(join(directory, blob(digestOf(second)))), second);
    const stored = readFileSync(join(directory, blob(manifest.digest)));
    assert.equal(digestOf(stored), manifest.digest);
    const described = JSON.parse(stored.toString("utf8")) as { layers: { digest: string; size: number }[] };
    assert.deepEqual(
      described.layers.map(({ digest, size }) => [digest, size]),
      layers.map(({ diffId, sizeBytes }) => [diffId, sizeBytes]),
    );
  });

  test("is of docker's form where the image has a health check, which the other one lacks", () => {
    const healthy = Buffer.from(JSON.stringify({ config: { Healthcheck: { Test: ["CMD", "true"] } } }));
    assert.match(plainManifest({ config, layers }).mediaType, /oci\.image\.manifest/u);
    assert.match(plainManifest({ config: healthy, layers }).mediaType, /docker\.distribution\.manifest\.v2/u);
  });
});

describe("a tar header", () => {
  test("has sizes from 8 GiB on in base 256", () => {
    const header = Buffer.from(tarFile("blobs/sha256/a", 2 ** 33 + 5));
    assert.equal(header[124], 0x80);
    assert.equal(header.readBigUInt64BE(128), 2n ** 33n + 5n);
    assert.equal(Buffer.from(tarFile("a", 2 ** 33 - 1)).toString("ascii", 124, 135), "77777777777");
  });

  test("is followed by whole blocks", () => {
    assert.deepEqual(
      [0, 1, 511, 512, 513].map((size) => tarPadding(size).length),
      [0, 511, 1, 0, 511],
    );
  });
});

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
