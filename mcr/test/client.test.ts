import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createRegistryClient, type RegistryClientOptions } from "@metacircular/mcr/client.ts";
import { createTestCertificates, type TestCertificates } from "@metacircular/testkit/certificates.ts";
import { startDockerRegistry } from "@metacircular/testkit/docker-registry.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let certificates: TestCertificates;
let directory: string;

before(async () => {
  directory = stack.use(await createTemporaryDirectory()).path;
  certificates = await createTestCertificates(join(directory, "tls"));
});

after(() => stack[Symbol.asyncDispose]());

const kyle = async () => ({ username: "kyle", password: "hunter2" });

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** A registry that answers as a test wants it, and what it was asked. */
async function serve(handle: Handle) {
  const asked: { url: string; authorization: string }[] = [];
  const { certFile, keyFile, caFile } = certificates;
  const server = createServer(
    { cert: readFileSync(certFile), key: readFileSync(keyFile) },
    (request, response) => {
      asked.push({ url: request.url ?? "", authorization: request.headers.authorization ?? "" });
      handle(request, response);
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => void server.close());
  const address = `localhost:${(server.address() as AddressInfo).port}`;
  const connect = (options: Partial<RegistryClientOptions> = {}) =>
    stack.use(createRegistryClient({ address, caFile, ...options }));
  return { address, asked, connect };
}

const bytes = Buffer.from('{"schemaVersion":2}');
const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const headers = {
  "content-type": "application/vnd.oci.image.manifest.v1+json",
  "docker-content-digest": digest,
};

/** Takes tokens from `/token`, and answers with a manifest. */
function withTokens(realm: (host: string) => string, lifetimeS = 300): Handle {
  return (request, response) => {
    const { url = "", headers: sent } = request;
    if (url.startsWith("/token")) {
      response.end(
        JSON.stringify({
          token: `for-${new URL(url, "https://h").searchParams.get("scope")}`,
          expires_in: lifetimeS,
        }),
      );
    } else if (sent.authorization?.startsWith("Bearer ") === true) {
      response.writeHead(200, headers).end(request.method === "HEAD" ? undefined : bytes);
    } else {
      const challenge = `Bearer realm="${realm(sent.host ?? "")}",service="reg",scope="repository:a:pull"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
    }
  };
}

describe("a registry's client", () => {
  test("fetches a token with name and password, and keeps it", async () => {
    const { asked, connect } = await serve(withTokens((host) => `https://${host}/token`));
    const client = connect({ credentials: kyle });
    assert.equal(await client.manifestDigest("a", "v1"), digest);
    assert.deepEqual((await client.manifest("a", "v1")).content, { schemaVersion: 2 });
    assert.deepEqual(
      asked.map(({ url }) => url),
      [
        "/v2/a/manifests/v1",
        "/token?service=reg&scope=repository%3Aa%3Apull",
        "/v2/a/manifests/v1",
        "/v2/a/manifests/v1",
      ],
    );
    assert.equal(asked[1]?.authorization, `Basic ${btoa("kyle:hunter2")}`);
    assert.equal(asked[3]?.authorization, "Bearer for-repository:a:pull");
  });

  test("sends no password to a realm of another host, unless it may", async () => {
    const elsewhere = await serve(withTokens(() => ""));
    const realm = `https://${elsewhere.address.replace("localhost", "127.0.0.1")}/token`;
    const { connect } = await serve(withTokens(() => realm));
    await assert.rejects(connect({ credentials: kyle }).manifestDigest("a", "v1"), {
      code: "REGISTRY_DENIED",
      category: "unauthenticated",
    });
    assert.equal(elsewhere.asked.length, 0);
    assert.equal(await connect({ credentials: kyle, trustsRealm: true }).manifestDigest("a", "v1"), digest);
    assert.equal(elsewhere.asked[0]?.authorization, `Basic ${btoa("kyle:hunter2")}`);
    assert.equal(await connect().manifestDigest("a", "v1"), digest);
    assert.equal(elsewhere.asked[1]?.authorization, "");
  });

  test("says which way it is turned away", async () => {
    const answer = async (status: number, more: Record<string, string>, body = ""): Promise<unknown> => {
      const { connect } = await serve((_, response) => void response.writeHead(status, more).end(body));
      return connect({ credentials: kyle })
        .manifest("a", "v1")
        .then(
          () => "",
          (thrown: unknown) => {
            assert.ok(thrown instanceof DetailedError);
            return [thrown.code, thrown.category, thrown.found];
          },
        );
    };
    const denied = '{"errors":[{"code":"DENIED","message":"not you"}]}';
    const basic = { "www-authenticate": 'Basic realm="r"' };
    assert.deepEqual(await answer(403, {}, denied), ["REGISTRY_DENIED", "permission-denied", "not you"]);
    assert.deepEqual(await answer(401, basic, denied), ["REGISTRY_DENIED", "unauthenticated", "not you"]);
    assert.deepEqual(await answer(404, {}), [
      "IMAGE_NOT_FOUND",
      "not-found",
      "the registry does not have it",
    ]);
    assert.deepEqual(await answer(500, {}), [
      "REGISTRY_FAILED",
      "unavailable",
      "it answered with status 500",
    ]);
    assert.deepEqual(await answer(429, {}), [
      "REGISTRY_FAILED",
      "resource-exhausted",
      "it answered with status 429",
    ]);
    assert.match(String(await answer(200, {}, "no json")), /REGISTRY_FAILED.*no JSON object/);
    assert.match(String(await answer(200, headers, "{}")), /REGISTRY_FAILED.*not what its digest says/);
    assert.match(String(await answer(200, {}, " ".repeat(5 * 1024 * 1024))), /REGISTRY_FAILED.*more than/);
  });

  test("says that nobody answers, that the authority is not trusted, and gives up when it is told to", async () => {
    const { caFile } = certificates;
    using dead = createRegistryClient({ address: "127.0.0.1:1", caFile });
    await assert.rejects(dead.check(), { code: "REGISTRY_UNREACHABLE", category: "unavailable" });
    const { address, connect } = await serve(() => undefined);
    using stranger = createRegistryClient({ address });
    await assert.rejects(stranger.check(), { code: "TLS_FAILED", category: "unavailable" });
    await assert.rejects(connect({ timeoutMs: 100 }).check(), { code: "REGISTRY_UNREACHABLE" });
    await assert.rejects(connect().check(AbortSignal.abort()), { code: "CANCELLED", category: "cancelled" });
  });

  test("finds digests where the registry does not name them", async () => {
    const { connect } = await serve((request, response) => {
      response.writeHead(200).end(request.method === "HEAD" ? undefined : bytes);
    });
    assert.equal(await connect().manifestDigest("a", "v1"), digest);
  });

  test("asks Debian's registry, where nothing is yet", async () => {
    const registry = stack.use(
      await startDockerRegistry({ directory: join(directory, "docker"), certificates }),
    );
    using client = createRegistryClient({ address: registry.address, caFile: certificates.caFile });
    await client.check();
    assert.equal(await client.manifestDigest("a/b", "v1"), undefined);
    assert.equal(await client.blobExists("a/b", digest), false);
    await assert.rejects(client.manifest("a/b", "v1"), { code: "IMAGE_NOT_FOUND" });
  });
});
