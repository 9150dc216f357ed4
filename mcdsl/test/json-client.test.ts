import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { createHttpsAgent, type JsonRequest, type JsonResponse, requestJson } from "../http/json-client.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";

let certificates: Certificates;
before(() => {
  certificates = makeCertificates();
});
after(() => certificates[Symbol.dispose]());

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

interface Server extends AsyncDisposable {
  readonly url: string;
  /** Connections so far. */
  connections: number;
  request(options?: Partial<JsonRequest>): Promise<JsonResponse>;
}

async function serve(handler: Handler, tls: object = {}): Promise<Server> {
  const server = createServer({
    cert: readFileSync(certificates.certFile),
    key: readFileSync(certificates.keyFile),
    ...tls,
  });
  server.on("request", (request, response) => void handler(request, response));
  server.on("secureConnection", () => {
    result.connections += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://localhost:${(server.address() as AddressInfo).port}/path`;
  const result: Server = {
    url,
    connections: 0,
    request: (options) => requestJson({ url, caFile: certificates.caFile, ...options }),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
  return result;
}

const json = { "content-type": "application/json" };

/** Answers with what was sent. */
const echo: Handler = async (request, response) => {
  const { method, url, headers } = request;
  response.writeHead(200, { ...json, "x-answer": "1" });
  response.end(JSON.stringify({ method, url, type: headers["content-type"], sent: await text(request) }));
};

describe("requestJson", () => {
  test("sends nothing, JSON or a form, and decodes the answer", async () => {
    await using server = await serve(echo);
    const got = await server.request();
    assert.equal(got.status, 200);
    assert.equal(got.headers["x-answer"], "1");
    assert.deepEqual(got.body, { method: "GET", url: "/path", sent: "" });
    assert.deepEqual((await server.request({ body: { é: 1 } })).body, {
      method: "POST",
      url: "/path",
      type: "application/json",
      sent: '{"é":1}',
    });
    assert.deepEqual((await server.request({ form: { a: "1 &=", b: "2" } })).body, {
      method: "POST",
      url: "/path",
      type: "application/x-www-form-urlencoded",
      sent: "a=1+%26%3D&b=2",
    });
    assert.deepEqual((await server.request({ method: "DELETE" })).body, {
      method: "DELETE",
      url: "/path",
      sent: "",
    });
  });

  test("returns answers of all statuses: JSON, text, nothing, and redirects unfollowed", async () => {
    await using server = await serve((request, response) => {
      const status = Number(request.headers["x-status"]);
      if (status === 400) response.writeHead(400, json).end('{"error":"invalid_grant"}');
      else if (status === 502) response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad");
      else response.writeHead(status, { location: "https://elsewhere" }).end();
    });
    const answer = async (status: string): Promise<unknown> => {
      const { status: actual, body } = await server.request({ headers: { "x-status": status } });
      return [actual, body];
    };
    assert.deepEqual(await answer("400"), [400, { error: "invalid_grant" }]);
    assert.deepEqual(await answer("502"), [502, "<h1>Bad"]);
    assert.deepEqual(await answer("204"), [204, undefined]);
    assert.deepEqual(await answer("302"), [302, undefined]);
  });

  test("refuses an answer that is too large, broken off, or not the JSON it claims to be", async () => {
    await using large = await serve((_, response) => {
      response.writeHead(200, json);
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    });
    await assert.rejects(large.request({ maxBytes: 100_000 }), { code: "RESPONSE_TOO_LARGE" });
    await using broken = await serve((_, response) => {
      response.writeHead(200, json).write("{");
      response.socket?.destroySoon();
    });
    await assert.rejects(broken.request(), { code: "UNREACHABLE", category: "unavailable" });
    await using wrong = await serve((_, response) => void response.writeHead(200, json).end("{"));
    await assert.rejects(wrong.request(), { code: "RESPONSE_INVALID" });
  });

  test("gives up after its time limit, before and within the answer", async () => {
    await using silent = await serve(() => {});
    await assert.rejects(silent.request({ timeoutMs: 50 }), {
      code: "TIMEOUT",
      category: "deadline-exceeded",
    });
    await using slow = await serve((_, response) => void response.writeHead(200, json).write("{"));
    await assert.rejects(slow.request({ timeoutMs: 50 }), { code: "TIMEOUT" });
  });

  test("can be cancelled", async () => {
    const abort = new AbortController();
    await using server = await serve(() => abort.abort());
    await assert.rejects(server.request({ signal: abort.signal }), {
      code: "CANCELLED",
      category: "cancelled",
    });
    await assert.rejects(server.request({ signal: AbortSignal.abort() }), { code: "CANCELLED" });
  });

  test("explains what keeps it from connecting", async () => {
    await using server = await serve(echo);
    using others = makeCertificates();
    await assert.rejects(server.request({ caFile: others.caFile }), {
      code: "TLS_FAILED",
      category: "unavailable",
    });
    await assert.rejects(server.request({ caFile: undefined }), { code: "TLS_FAILED" });
    await using old = await serve(echo, { maxVersion: "TLSv1.2" });
    await assert.rejects(old.request(), { code: "TLS_FAILED", found: /TLS 1\.3 could not be agreed on/ });
    const { url } = server;
    await server[Symbol.asyncDispose]();
    await assert.rejects(server.request({ url }), {
      code: "UNREACHABLE",
      found: "the connection was refused",
    });
    await assert.rejects(server.request({ url: "https://no-such-host.invalid" }), {
      found: "the name does not resolve",
    });
  });

  test("refuses URLs that are not https or carry a user, without repeating what is in them", async () => {
    for (const url of ["http://localhost/", "https://alice:hunter2@localhost/", "nonsense"]) {
      await assert.rejects(requestJson({ url }), (error: Error) => {
        assert.doesNotMatch(error.message, /hunter2/);
        return "code" in error && error.code === "URL_INVALID";
      });
    }
  });

  test("names no query in errors", async () => {
    await using server = await serve((_, response) => void response.writeHead(200, json).end("{"));
    await assert.rejects(server.request({ url: `${server.url}?code=hunter2` }), (error: Error) => {
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });

  test("keeps connections with an agent", async () => {
    await using server = await serve(echo);
    const agent = createHttpsAgent({ caFile: certificates.caFile });
    for (let count = 0; count < 3; count += 1) await server.request({ agent });
    agent.destroy();
    assert.equal(server.connections, 1);
  });
});
