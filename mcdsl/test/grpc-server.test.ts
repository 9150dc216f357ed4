import { Code, ConnectError } from "@connectrpc/connect";
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { after, before, describe, test } from "node:test";
import { readFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { tokenInvalid } from "../auth/token-errors.ts";
import { callerOf } from "../grpc/caller.ts";
import { DetailedError } from "../errors.ts";
import { fromConnectError } from "../grpc/errors.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { startFixture } from "./grpc-fixture.ts";
import { until } from "./until.ts";

let certificates: Certificates;
before(() => {
  certificates = makeCertificates();
});
after(() => certificates[Symbol.dispose]());

const nodeStatus = "/mcp.v1.McpAgent/NodeStatus";

async function failureOf(promise: Promise<unknown>): Promise<ConnectError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ConnectError, String(error));
    return error;
  }
  return assert.fail("the call succeeded");
}

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const message of messages) result.push(message);
  return result;
}

describe("a call", () => {
  test("reaches the implementation with the caller's identity and is audited", async () => {
    await using fixture = await startFixture(certificates, {
      nodeStatus: (_, context) => ({ nodeName: callerOf(context).name }),
    });
    assert.equal((await fixture.client().nodeStatus({})).nodeName, "alice");
    await until(() => fixture.audits().length === 1, "the call is audited");
    const [audit] = fixture.audits();
    assert.equal(audit?.["method"], nodeStatus);
    assert.equal(audit["caller"], "alice");
    assert.equal(audit["outcome"], "OK");
    assert.match(String(audit["peer"]), /^127\.0\.0\.1:\d+$/);
    assert.equal(typeof audit["durationMs"], "number");
    assert.equal(audit["level"], "info");
  });

  const refused: [string, string, string, Code][] = [
    ["without a token", "", "TOKEN_MISSING", Code.Unauthenticated],
    ["with garbage for a token", "garbage", "TOKEN_INVALID", Code.Unauthenticated],
    ["of a guest", "token-of-guest", "PERMISSION_DENIED", Code.PermissionDenied],
  ];
  for (const [what, token, errorCode, code] of refused) {
    test(`${what} is refused, unary and streaming, and audited`, async () => {
      let reached = 0;
      await using fixture = await startFixture(certificates, {
        nodeStatus: () => ({ nodeName: String((reached += 1)) }),
        async *logs() {
          reached += 1;
          yield {};
        },
      });
      const client = fixture.client(token);
      for (const call of [() => client.nodeStatus({}), () => collect(client.logs({}))]) {
        const error = await failureOf(call());
        assert.equal(error.code, code);
        assert.equal(fromConnectError(error).code, errorCode);
      }
      assert.equal(reached, 0);
      await until(() => fixture.audits().length === 2, "both are audited");
      for (const audit of fixture.audits()) assert.equal(audit["errorCode"], errorCode);
    });
  }

  test("of a method that is not implemented needs a token and is UNIMPLEMENTED", async () => {
    await using fixture = await startFixture(certificates, {});
    const error = await failureOf(fixture.client().nodeStatus({}));
    assert.equal(error.code, Code.Unimplemented);
    const anonymous = await failureOf(fixture.client("").nodeStatus({}));
    assert.equal(anonymous.code, Code.Unauthenticated);
  });

  test("of a method that does not exist needs a token, is UNIMPLEMENTED and audited", async () => {
    await using fixture = await startFixture(certificates, {});
    const call = (token: string): Promise<Record<string, unknown>> =>
      rawCall(fixture.address, "/no.such.Service/Method", { authorization: `Bearer ${token}` });
    assert.equal((await call("token-of-alice"))["grpc-status"], String(Code.Unimplemented));
    assert.equal((await call("garbage"))["grpc-status"], String(Code.Unauthenticated));
    await until(() => fixture.audits().length === 2, "both are audited");
    assert.deepEqual(
      fixture.audits().map(({ method, outcome }) => [method, outcome]),
      [
        ["/no.such.Service/Method", "UNIMPLEMENTED"],
        ["/no.such.Service/Method", "UNAUTHENTICATED"],
      ],
    );
  });

  test("is UNAVAILABLE, not UNAUTHENTICATED, when the identity service is", async () => {
    await using fixture = await startFixture(
      certificates,
      {},
      {
        authenticator: {
          async verify() {
            const details = {
              code: "IDENTITY_UNAVAILABLE",
              category: "unavailable",
              attempted: "ask",
            } as const;
            throw new DetailedError({ ...details, found: "no answer" });
          },
        },
      },
    );
    const error = await failureOf(fixture.client().nodeStatus({}));
    assert.equal(error.code, Code.Unavailable);
    assert.equal(fromConnectError(error).code, "IDENTITY_UNAVAILABLE");
  });

  test("that is oversize is refused and audited", async () => {
    await using fixture = await startFixture(
      certificates,
      { pushFile: () => ({ success: true }) },
      {
        maxMessageBytes: 100_000,
      },
    );
    const error = await failureOf(fixture.client().pushFile({ content: new Uint8Array(200_000) }));
    assert.equal(error.code, Code.ResourceExhausted);
    await until(() => fixture.audits().length === 1, "it is audited");
    assert.equal(fixture.audits()[0]?.["outcome"], "RESOURCE_EXHAUSTED");
  });

  test("without a token is refused before its large message is read", async () => {
    await using fixture = await startFixture(certificates, { pushFile: () => ({ success: true }) });
    const error = await failureOf(fixture.client("").pushFile({ content: new Uint8Array(3_000_000) }));
    assert.equal(error.code, Code.Unauthenticated);
  });

  test("that the caller cancels is audited as cancelled", async () => {
    const started = Promise.withResolvers<AbortSignal>();
    await using fixture = await startFixture(certificates, {
      async *logs(_, { signal }) {
        started.resolve(signal);
        await once(signal, "abort");
        yield {};
      },
    });
    const abort = new AbortController();
    const call = failureOf(collect(fixture.client().logs({}, { signal: abort.signal })));
    await started.promise;
    abort.abort();
    assert.equal((await call).code, Code.Canceled);
    await until(() => fixture.audits().length === 1, "it is audited");
    assert.equal(fixture.audits()[0]?.["outcome"], "CANCELLED");
  });

  test("that takes longer than its deadline is audited so", async () => {
    await using fixture = await startFixture(certificates, {
      listServices: () => ({}),
      async nodeStatus(_, { signal }) {
        await once(signal, "abort");
        throw signal.reason;
      },
    });
    const client = fixture.client();
    await client.listServices({});
    const error = await failureOf(client.nodeStatus({}, { timeoutMs: 300 }));
    assert.equal(error.code, Code.DeadlineExceeded);
    await until(() => fixture.audits().length === 2, "it is audited");
    assert.equal(fixture.audits()[1]?.["outcome"], "DEADLINE_EXCEEDED");
  });

  test("that fails carries the facts, unary and streaming", async () => {
    const failure = new DetailedError({
      code: "IMAGE_NOT_FOUND",
      category: "not-found",
      attempted: "pull image",
      subject: "localhost/hello:v2",
      found: "no such image",
      remedy: "build it",
      facts: { registry: "localhost" },
      output: ["last line"],
    });
    await using fixture = await startFixture(certificates, {
      nodeStatus: () => Promise.reject(failure),
      async *logs() {
        yield {};
        throw failure;
      },
    });
    const client = fixture.client();
    for (const call of [() => client.nodeStatus({}), () => collect(client.logs({}))]) {
      const error = await failureOf(call());
      assert.equal(error.code, Code.NotFound);
      const restored = fromConnectError(error);
      for (const key of [
        "code",
        "category",
        "attempted",
        "subject",
        "found",
        "remedy",
        "facts",
        "output",
      ] as const) {
        assert.deepEqual(restored[key], failure[key]);
      }
    }
  });

  test("that fails unexpectedly tells the caller nothing and the log everything", async () => {
    await using fixture = await startFixture(certificates, {
      nodeStatus: () => Promise.reject(new Error("row 7 of table x", { cause: new Error("disk on fire") })),
    });
    const error = await failureOf(fixture.client().nodeStatus({}));
    assert.equal(error.code, Code.Internal);
    assert.doesNotMatch(error.message, /row 7|fire/);
    assert.equal(fromConnectError(error).code, "INTERNAL");
    await until(() => fixture.audits().length === 1, "it is audited");
    const line = fixture.log.lines.find(({ level }) => level === "error");
    assert.match(JSON.stringify(line), /row 7 of table x.*disk on fire/);
  });

  test("never puts the token into the log", async () => {
    await using fixture = await startFixture(certificates, {
      nodeStatus: (_, { requestHeader }) => {
        throw new Error(`headers ${JSON.stringify([...requestHeader])}`);
      },
    });
    await failureOf(fixture.client("token-of-mallory").nodeStatus({}));
    await until(() => fixture.audits().length === 1, "it is audited");
    assert.doesNotMatch(fixture.log.text(), /token-of-mallory/);
  });
});

describe("the server", () => {
  test("refuses TLS 1.2", async () => {
    await using fixture = await startFixture(certificates, {});
    const socket = connectTls({
      port: fixture.server.address.port,
      host: "127.0.0.1",
      ca: readFileSync(certificates.caFile),
      maxVersion: "TLSv1.2",
      ALPNProtocols: ["h2"],
    });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    assert.match(error.message, /protocol version/i);
  });

  test("answers what is not gRPC with a plain HTTP status, and audits it", async () => {
    await using fixture = await startFixture(certificates, {});
    const headers = { "content-type": "application/json", authorization: "Bearer token-of-alice" };
    assert.equal((await rawCall(fixture.address, nodeStatus, headers))[":status"], 415);
    assert.equal((await rawCall(fixture.address, nodeStatus, { ":method": "GET" }))[":status"], 405);
    await until(() => fixture.audits().length === 2, "both are audited");
    assert.deepEqual(
      fixture
        .audits()
        .map(({ outcome }) => String(outcome))
        .toSorted(),
      ["HTTP_405", "HTTP_415"],
    );
  });

  test("that stops ends streams as UNAVAILABLE and lets unary calls finish", async () => {
    const unary = Promise.withResolvers<void>();
    const unaryStarted = Promise.withResolvers<void>();
    const streamEnded = Promise.withResolvers<void>();
    await using fixture = await startFixture(certificates, {
      async nodeStatus() {
        unaryStarted.resolve();
        await unary.promise;
        return { nodeName: "finished" };
      },
      async *logs(_, { signal }) {
        yield {};
        await once(signal, "abort");
        streamEnded.resolve();
      },
    });
    const client = fixture.client();
    const status = client.nodeStatus({});
    const stream = client.logs({})[Symbol.asyncIterator]();
    await stream.next();
    await unaryStarted.promise;
    const stopped = fixture.server[Symbol.asyncDispose]();
    assert.equal((await failureOf(stream.next())).code, Code.Unavailable);
    await streamEnded.promise;
    unary.resolve();
    assert.equal((await status).nodeName, "finished");
    await stopped;
    assert.deepEqual(
      fixture
        .audits()
        .map(({ method, outcome }) => `${String(method)} ${String(outcome)}`)
        .toSorted(),
      ["/mcp.v1.McpAgent/Logs UNAVAILABLE", "/mcp.v1.McpAgent/NodeStatus OK"],
    );
  });

  test("that stops ends unary calls as UNAVAILABLE when their time is over", async () => {
    const started = Promise.withResolvers<void>();
    await using fixture = await startFixture(
      certificates,
      {
        async nodeStatus(_, { signal }) {
          started.resolve();
          await once(signal, "abort");
          throw signal.reason;
        },
      },
      { drainMs: 50 },
    );
    const call = failureOf(fixture.client().nodeStatus({}));
    await started.promise;
    await fixture.server[Symbol.asyncDispose]();
    assert.equal((await call).code, Code.Unavailable);
  });

  test("that stops does not wait for implementations that ignore it", async () => {
    const started = Promise.withResolvers<void>();
    await using fixture = await startFixture(
      certificates,
      {
        async nodeStatus() {
          started.resolve();
          return new Promise<never>(() => {});
        },
      },
      { drainMs: 50 },
    );
    const call = failureOf(fixture.client("token-of-alice", { timeoutMs: 1_000 }).nodeStatus({}));
    await started.promise;
    await fixture.server[Symbol.asyncDispose]();
    await call;
    assert.equal(fixture.audits().length, 1);
  });

  test("says so when its address is taken", async () => {
    await using fixture = await startFixture(certificates, {});
    await assert.rejects(startFixture(certificates, {}, { address: fixture.server.address }), {
      code: "LISTEN_FAILED",
      found: "another program listens there",
    });
  });

  test("survives an implementation's authenticator that fails in an unforeseen way", async () => {
    let calls = 0;
    await using fixture = await startFixture(
      certificates,
      {},
      {
        authenticator: {
          async verify() {
            calls += 1;
            throw calls === 1 ? new TypeError("bug") : tokenInvalid("it is not a token");
          },
        },
      },
    );
    const client = fixture.client();
    assert.equal((await failureOf(client.nodeStatus({}))).code, Code.Internal);
    assert.equal((await failureOf(client.nodeStatus({}))).code, Code.Unauthenticated);
  });
});

/** One HTTP/2 request without an RPC library; the headers and trailers of the answer. */
async function rawCall(address: string, path: string, headers: object): Promise<Record<string, unknown>> {
  const session = connectHttp2(`https://${address}`, { ca: readFileSync(certificates.caFile) });
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      ...headers,
    });
    stream.end();
    const result: Record<string, unknown> = {};
    stream.on("response", (answer) => Object.assign(result, answer));
    stream.on("trailers", (answer) => Object.assign(result, answer));
    stream.resume();
    await once(stream, "close");
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
    return result;
  } finally {
    session.close();
  }
}
