import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { TestAccount, TestRegistry } from "@metacircular/testkit/registry-server.ts";

export interface PushedDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface ImageContent {
  readonly layerBytes?: readonly number[];
  readonly configuration?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly subject?: PushedDescriptor;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

/** Pushes by the distribution API, as one account. */
export class Pusher {
  readonly #registry: TestRegistry;
  readonly #account: TestAccount;
  readonly #tokens = new Map<string, string>();

  constructor(registry: TestRegistry, account: TestAccount) {
    this.#registry = registry;
    this.#account = account;
  }

  async image(
    repository: string,
    reference: string | undefined,
    content: ImageContent = {},
  ): Promise<PushedDescriptor> {
    const { layerBytes = [100], configuration = {}, ...rest } = content;
    const config = await this.blob(
      repository,
      Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", ...configuration })),
      content.artifactType === undefined
        ? "application/vnd.oci.image.config.v1+json"
        : "application/vnd.oci.empty.v1+json",
    );
    const layers: PushedDescriptor[] = [];
    for (const sizeBytes of layerBytes) {
      layers.push(
        await this.blob(repository, randomBytes(sizeBytes), "application/vnd.oci.image.layer.v1.tar+gzip"),
      );
    }
    return this.manifest(repository, reference, manifestType, {
      schemaVersion: 2,
      mediaType: manifestType,
      config,
      layers,
      ...rest,
    });
  }

  async index(
    repository: string,
    reference: string,
    manifests: readonly object[],
  ): Promise<PushedDescriptor> {
    return this.manifest(repository, reference, indexType, {
      schemaVersion: 2,
      mediaType: indexType,
      manifests,
    });
  }

  async manifest(
    repository: string,
    reference: string | undefined,
    mediaType: string,
    manifest: object,
  ): Promise<PushedDescriptor> {
    const content = Buffer.from(JSON.stringify(manifest));
    const digest = digestOf(content);
    const path = `/v2/${repository}/manifests/${reference ?? digest}`;
    await this.#send(repository, "PUT", path, { content, type: mediaType, expected: 201 });
    return { mediaType, digest, size: content.length };
  }

  async blob(repository: string, content: Buffer, mediaType: string): Promise<PushedDescriptor> {
    const digest = digestOf(content);
    const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
    await this.#send(repository, "POST", path, { content, type: "application/octet-stream", expected: 201 });
    return { mediaType, digest, size: content.length };
  }

  async pull(repository: string, reference: string): Promise<void> {
    await this.#send(repository, "GET", `/v2/${repository}/manifests/${reference}`, { expected: 200 });
  }

  async #send(
    repository: string,
    method: string,
    path: string,
    { content, type, expected }: { content?: Buffer; type?: string; expected: number },
  ): Promise<void> {
    const response = await fetch(`${this.#registry.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.#token(repository)}`,
        accept: `${manifestType}, ${indexType}`,
        ...(type !== undefined && { "content-type": type }),
      },
      ...(content !== undefined && { body: new Uint8Array(content) }),
    });
    const text = await response.text();
    assert.equal(response.status, expected, `${method} ${path}: ${text}`);
  }

  async #token(repository: string): Promise<string> {
    const known = this.#tokens.get(repository);
    if (known !== undefined) return known;
    const { url, address } = this.#registry;
    const query = new URLSearchParams({ service: address, scope: `repository:${repository}:pull,push` });
    const { name, token } = this.#account;
    const basic = Buffer.from(`${name}:${token}`).toString("base64");
    const response = await fetch(`${url}/v2/token?${query.toString()}`, {
      headers: { authorization: `Basic ${basic}` },
    });
    assert.equal(response.status, 200);
    const answer = (await response.json()) as { token: string };
    this.#tokens.set(repository, answer.token);
    return answer.token;
  }
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
