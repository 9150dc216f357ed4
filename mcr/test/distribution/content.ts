import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Digest, DigestAlgorithm } from "../../digest.ts";
import { type Distribution, digestOf, type Reply } from "./fixture.ts";

export const imageType = "application/vnd.oci.image.manifest.v1+json";
export const indexType = "application/vnd.oci.image.index.v1+json";
export const layerType = "application/vnd.oci.image.layer.v1.tar";

type Sender = Pick<Distribution, "send">;

/** Pushes a blob by POST and PUT. */
export async function pushBlob(
  { send }: Sender,
  repository: string,
  content: Uint8Array | string = randomBytes(300),
  algorithm: DigestAlgorithm = "sha256",
): Promise<{ digest: Digest; content: Buffer }> {
  const digest = digestOf(content, algorithm);
  const begun = await send("POST", `/v2/${repository}/blobs/uploads/`);
  assert.equal(begun.status, 202, begun.body.toString());
  const put = await send("PUT", `${begun.headers.location}?digest=${digest}`, { body: content });
  assert.equal(put.status, 201, put.body.toString());
  return { digest, content: Buffer.from(content) };
}

export interface ImageParts {
  readonly config?: object;
  readonly layers?: readonly object[];
  /** Further fields of the manifest. */
  readonly fields?: object;
}

export function descriptor(content: Uint8Array | string, mediaType = layerType): Record<string, unknown> {
  return { mediaType, digest: digestOf(content), size: Buffer.byteLength(content) };
}

export function imageManifest({ config, layers = [], fields = {} }: ImageParts): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: imageType, config, layers, ...fields });
}

export function index(manifests: readonly object[], fields: object = {}): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests, ...fields });
}

/** Pushes an image with a configuration and a layer, both random, under a reference (default: its digest). */
export async function pushImage(
  distribution: Sender,
  repository: string,
  options: {
    readonly reference?: string;
    readonly fields?: object;
    readonly algorithm?: DigestAlgorithm;
  } = {},
): Promise<{ digest: Digest; manifest: string; layer: Digest; config: Digest; reply: Reply }> {
  const config = await pushBlob(distribution, repository);
  const layer = await pushBlob(distribution, repository);
  const manifest = imageManifest({
    config: descriptor(config.content, "application/vnd.oci.image.config.v1+json"),
    layers: [descriptor(layer.content)],
    ...(options.fields === undefined ? {} : { fields: options.fields }),
  });
  const digest = digestOf(manifest, options.algorithm);
  const reply = await putManifest(distribution, repository, options.reference ?? digest, manifest);
  assert.equal(reply.status, 201, reply.body.toString());
  return { digest, manifest, layer: layer.digest, config: config.digest, reply };
}

export function putManifest(
  { send }: Sender,
  repository: string,
  reference: string,
  body: string,
  contentType = imageType,
): Promise<Reply> {
  return send("PUT", `/v2/${repository}/manifests/${reference}`, {
    headers: { "content-type": contentType },
    body,
  });
}

/** Asserts that an answer has the form of section "Error Codes". @returns its first error */
export function assertError(
  reply: Reply,
  status: number,
  code: string,
): { code: string; message: string; detail: Record<string, unknown> } {
  assert.equal(reply.status, status, reply.body.toString());
  assert.equal(reply.headers["content-type"], "application/json");
  const { errors } = reply.json() as {
    errors: { code: string; message: string; detail: Record<string, unknown> }[];
  };
  const [first] = errors;
  assert.ok(first !== undefined);
  assert.equal(first.code, code);
  assert.ok(first.message.length > 10);
  return first;
}
