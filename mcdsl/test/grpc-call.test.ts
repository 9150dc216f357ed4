import { Code } from "@connectrpc/connect";
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { callerOf } from "../grpc/caller.ts";
import { DetailedError } from "../errors.ts";
import { fromConnectError } from "../grpc/errors.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { failureOf, rawCall, startFixture } from "./grpc-fixture.ts";
import { until } from "./until.ts";

let certificates: Certificates;
before(() => {
  certificates = makeCertificates();
});
after(() => certificates[Symbol.dispose]());

const nodeStatus = "/mcp.v1.McpAgent/NodeStatus";

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
      rawCall(fixture, "/no.such.Service/Method", { authorization: `Bearer ${token}` });
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
        async admit() {
          const details = {
            code: "IDENTITY_UNAVAILABLE",
            category: "unavailable",
            attempted: "ask",
          } as const;
          throw new DetailedError({ ...details, found: "no answer" });
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
