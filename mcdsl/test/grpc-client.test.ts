import { createClient } from "@connectrpc/connect";
import { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import type { DetailedError } from "../errors.ts";
import { createGrpcClientTransport, type GrpcClientOptions } from "../grpc/client.ts";
import { fromConnectError } from "../grpc/errors.ts";
import { identityUnavailable } from "../auth/token-errors.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { startFreezableProxy } from "./frozen-proxy.ts";
import { startFixture } from "./grpc-fixture.ts";

let certificates: Certificates;
before(() => {
  certificates = makeCertificates();
});
after(() => certificates[Symbol.dispose]());

async function failureOf(promise: Promise<unknown>): Promise<DetailedError> {
  try {
    await promise;
  } catch (error) {
    return fromConnectError(error, "node rift");
  }
  return assert.fail("the call succeeded");
}

async function callOnce(options: Partial<GrpcClientOptions> & { address: string }): Promise<string> {
  const token = async (): Promise<string> => "token-of-alice";
  await using transport = createGrpcClientTransport({
    caFile: certificates.caFile,
    token,
    timeoutMs: 30_000,
    ...options,
  });
  return (await createClient(McpAgent, transport).nodeStatus({})).nodeName;
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("a client", () => {
  test("explains a refused connection", async () => {
    const error = await failureOf(callOnce({ address: `127.0.0.1:${await closedPort()}` }));
    assert.equal(error.code, "NODE_UNREACHABLE");
    assert.equal(error.category, "unavailable");
    assert.equal(
      error.message,
      "cannot connect to node rift: the connection was refused; " +
        "check that it is running, the address, and the network between",
    );
  });

  test("explains a name that does not resolve", async () => {
    const error = await failureOf(callOnce({ address: "no-such-host.invalid:1" }));
    assert.equal(error.code, "NODE_UNREACHABLE");
    assert.equal(error.found, "the name does not resolve");
  });

  test("gives up on a server that accepts but never answers, unary and streaming", async () => {
    await using silent = createServer((socket) => {
      socket.on("error", () => {}).resume();
    });
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await using transport = createGrpcClientTransport({
      address,
      caFile: certificates.caFile,
      timeoutMs: 30_000,
      connectTimeoutMs: 100,
    });
    const client = createClient(McpAgent, transport);
    for (const call of [() => client.nodeStatus({}), () => client.logs({})[Symbol.asyncIterator]().next()]) {
      const error = await failureOf(call());
      assert.equal(error.code, "NODE_UNREACHABLE");
      assert.equal(error.found, "no connection within 100 ms");
    }
  });

  test("refuses a server that its authority does not vouch for", async () => {
    using others = makeCertificates();
    await using fixture = await startFixture(certificates, {});
    const error = await failureOf(callOnce({ address: fixture.address, caFile: others.caFile }));
    assert.equal(error.code, "NODE_TLS_FAILED");
    assert.equal(error.category, "unavailable");
    assert.match(error.found, /not issued by a trusted authority/);
  });

  test("refuses a certificate for another name, and can be told which name to expect", async () => {
    using named = makeCertificates({ names: "DNS:rift.example" });
    await using fixture = await startFixture(named, { nodeStatus: () => ({ nodeName: "rift" }) });
    const options = { address: fixture.address, caFile: named.caFile };
    const error = await failureOf(callOnce(options));
    assert.equal(error.code, "NODE_TLS_FAILED");
    assert.equal(error.found, "its certificate is for another name");
    assert.equal(await callOnce({ ...options, serverName: "rift.example" }), "rift");
  });

  test("refuses an address that is none", () => {
    for (const address of ["rift", ":9444", "https://rift:1", "rift:99999"]) {
      assert.throws(() => createGrpcClientTransport({ address, timeoutMs: 1 }), { code: "ADDRESS_INVALID" });
    }
  });

  test("passes on why there is no token", async () => {
    await using fixture = await startFixture(certificates, {});
    const token = (): Promise<string> => Promise.reject(identityUnavailable("https://mcias", "no answer"));
    const error = await failureOf(callOnce({ address: fixture.address, token }));
    assert.equal(error.code, "IDENTITY_UNAVAILABLE");
  });

  test("limits unary calls in time, and streams not", async () => {
    await using fixture = await startFixture(certificates, {
      nodeStatus: (_, { signal }) => once(signal, "abort").then(() => ({})),
      async *logs(_, { timeoutMs }) {
        yield { lines: [{ text: String(timeoutMs()) }] };
      },
    });
    const client = fixture.client("token-of-alice", { timeoutMs: 200 });
    // The stream first: it connects, which may take its time.
    for await (const { lines } of client.logs({})) assert.equal(lines[0]?.text, "undefined");
    assert.equal((await failureOf(client.nodeStatus({}))).code, "DEADLINE_EXCEEDED");
  });

  test("refuses an answer that is too large", async () => {
    await using fixture = await startFixture(certificates, {
      pullFile: () => ({ content: new Uint8Array(200_000) }),
    });
    const client = fixture.client("token-of-alice", { maxMessageBytes: 100_000 });
    assert.equal((await failureOf(client.pullFile({}))).code, "RESOURCE_EXHAUSTED");
  });

  test("connects again after the server was away", async () => {
    await using first = await startFixture(certificates, { nodeStatus: () => ({ nodeName: "first" }) });
    const client = first.client();
    assert.equal((await client.nodeStatus({})).nodeName, "first");
    await first.server[Symbol.asyncDispose]();
    assert.equal((await failureOf(client.nodeStatus({}))).code, "NODE_UNREACHABLE");
    await using _second = await startFixture(
      certificates,
      { nodeStatus: () => ({ nodeName: "second" }) },
      { address: first.server.address },
    );
    assert.equal((await client.nodeStatus({})).nodeName, "second");
  });

  test("notices a dead connection by its pings, and lives on", async () => {
    await using fixture = await startFixture(certificates, {
      nodeStatus: () => ({ nodeName: "alive" }),
      async *logs(_, { signal }) {
        yield {};
        await once(signal, "abort");
      },
    });
    await using proxy = await startFreezableProxy(fixture.server.address.port);
    await using transport = createGrpcClientTransport({
      address: proxy.address,
      caFile: certificates.caFile,
      token: async () => "token-of-alice",
      timeoutMs: 30_000,
      keepAlive: { intervalMs: 50, timeoutMs: 1_000 },
    });
    const client = createClient(McpAgent, transport);
    const stream = client.logs({})[Symbol.asyncIterator]();
    await stream.next();
    proxy.freeze();
    assert.equal((await failureOf(stream.next())).code, "NODE_UNREACHABLE");
    assert.equal((await client.nodeStatus({})).nodeName, "alive");
  });
});
