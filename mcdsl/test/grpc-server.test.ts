import { Code } from "@connectrpc/connect";
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { copyFileSync, readFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { tokenInvalid } from "../auth/token-errors.ts";
import { type Clock, systemClock } from "../clock.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { failureOf, rawCall, startFixture } from "./grpc-fixture.ts";
import { until } from "./until.ts";

let certificates: Certificates;
before(() => {
  certificates = makeCertificates();
});
after(() => certificates[Symbol.dispose]());

const nodeStatus = "/mcp.v1.McpAgent/NodeStatus";

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
    assert.equal((await rawCall(fixture, nodeStatus, headers))[":status"], 415);
    assert.equal((await rawCall(fixture, nodeStatus, { ":method": "GET" }))[":status"], 405);
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

  test("survives an admission that fails in an unforeseen way", async () => {
    let calls = 0;
    await using fixture = await startFixture(
      certificates,
      {},
      {
        async admit() {
          calls += 1;
          throw calls === 1 ? new TypeError("bug") : tokenInvalid("it is not a token");
        },
      },
    );
    const client = fixture.client();
    assert.equal((await failureOf(client.nodeStatus({}))).code, Code.Internal);
    assert.equal((await failureOf(client.nodeStatus({}))).code, Code.Unauthenticated);
  });

  test("uses a certificate that was renewed on disk, without a pause for open connections", async () => {
    using used = makeCertificates();
    using renewed = makeCertificates();
    const minute = Promise.withResolvers<void>();
    let looks = 0;
    const clock: Clock = {
      now: () => systemClock.now(),
      sleep: (durationMs, signal) => (looks++ === 0 ? minute.promise : systemClock.sleep(durationMs, signal)),
    };
    await using fixture = await startFixture(used, { nodeStatus: () => ({ nodeName: "n" }) }, { clock });
    const before = fixture.client();
    await before.nodeStatus({});
    copyFileSync(renewed.certFile, used.certFile);
    copyFileSync(renewed.keyFile, used.keyFile);
    minute.resolve();
    await until(() => looks > 1, "the certificate is read again");
    const after = fixture.client("token-of-alice", { caFile: renewed.caFile });
    assert.equal((await after.nodeStatus({})).nodeName, "n");
    assert.equal((await before.nodeStatus({})).nodeName, "n");
  });
});
