import { createHash } from "node:crypto";
import { request } from "node:https";
import { readFileSync } from "node:fs";
import type { TestAccount, TestRegistry } from "@metacircular/testkit/registry-server.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** An image with one layer, as the tag's name. Pushing it with the same tag again changes nothing. */
function imageOf(seed: string): { config: Buffer; layer: Buffer; manifest: Buffer } {
  const config = Buffer.from("{}");
  const layer = Buffer.from(`layer of ${seed}`);
  const describe = (mediaType: string, content: Buffer) => ({
    mediaType,
    digest: digest(content),
    size: content.byteLength,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layers: [describe("application/vnd.oci.image.layer.v1.tar", layer)],
  };
  return { config, layer, manifest: Buffer.from(JSON.stringify(manifest)) };
}

/** Digest of the image that `pushImage` pushes. */
export function imageDigest(seed: string): string {
  return digest(imageOf(seed).manifest);
}

/** Pushes a small image by the distribution API, with a token of the identity service, and tags it as its seed.
 * @returns its digest */
export async function pushImage(
  registry: TestRegistry,
  repository: string,
  seed: string,
  by: TestAccount = registry.admin,
): Promise<string> {
  const { config, layer, manifest } = imageOf(seed);
  for (const blob of [config, layer]) {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digest(blob)}`;
    await send(registry, by, { method: "POST", path, body: blob, type: "application/octet-stream" }, 201);
  }
  const path = `/v2/${repository}/manifests/${seed}`;
  await send(registry, by, { method: "PUT", path, body: manifest, type: manifestType }, 201);
  return digest(manifest);
}

/** Pulls a manifest by tag or digest. */
export async function pullManifest(
  registry: TestRegistry,
  repository: string,
  reference: string,
  by: TestAccount = registry.admin,
): Promise<Buffer> {
  return send(
    registry,
    by,
    { method: "GET", path: `/v2/${repository}/manifests/${reference}`, type: "" },
    200,
  );
}

function send(
  registry: TestRegistry,
  by: TestAccount,
  sent: { method: string; path: string; body?: Buffer; type: string },
  status: number,
): Promise<Buffer> {
  const { method, path, body, type } = sent;
  const headers = {
    authorization: `Bearer ${by.token}`,
    ...(body === undefined ? {} : { "content-type": type, "content-length": body.byteLength }),
  };
  const answered = Promise.withResolvers<Buffer>();
  const url = `${registry.url}${path}`;
  const outgoing = request(url, { method, headers, ca: readFileSync(registry.caFile) }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => {
      const content = Buffer.concat(chunks);
      if (response.statusCode === status) answered.resolve(content);
      else answered.reject(new Error(`${method} ${path}: ${response.statusCode} ${content.toString()}`));
    });
  });
  outgoing.on("error", answered.reject);
  outgoing.end(body);
  return answered.promise;
}

function digest(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
