import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { type Clock, systemClock } from "../clock.ts";
import { type HttpsLimits, startHttpsServer } from "../http/https-server.ts";
import { serverTlsOptions } from "../tls/options.ts";
import { closed } from "./closed.ts";
import { captureLog } from "./captured-log.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { startFixture } from "./grpc-fixture.ts";
import { startProxyRelay } from "./proxy-relay.ts";

const text = (header: string): Buffer => Buffer.from(`${header}\r\n`);
const binary = (rest: string): Buffer => Buffer.from(`0d0a0d0a000d0a515549540a${rest}`, "hex");

const headers: readonly [string, Buffer, string | undefined][] = [
  ["version 1", text("PROXY TCP4 203.0.113.7 192.0.2.1 54321 443"), "203.0.113.7 54321 IPv4"],
  ["version 1 of nobody known", text("PROXY UNKNOWN"), undefined],
  ["version 2", binary("2111000ccb007107c0000201d43101bb"), "203.0.113.7 54321 IPv4"],
  [
    "version 2 with extensions, IPv6",
    binary("2121002b20010db800000000000000000000000720010db8000000000000000000000001d43101bb03000400000000"),
    "2001:db8::7 54321 IPv6",
  ],
  ["version 2 of the proxy itself", binary("20000000"), undefined],
];

describe("behind proxies that tell the client's address", () => {
  let certificates: Certificates;
  let ca: Buffer;

  before(() => {
    certificates = makeCertificates();
    ca = readFileSync(certificates.caFile);
  });
  after(() => certificates[Symbol.dispose]());

  /** Answers with who asks, when the connection is closed as well as before. */
  const start = async (
    options: { from?: string[]; limits?: HttpsLimits; clock?: Pick<Clock, "now"> } = {},
  ) => {
    const log = captureLog();
    const { from = ["127.0.0.1/32"], limits, clock = systemClock } = options;
    const server = await startHttpsServer({
      address: { host: "127.0.0.1", port: 0 },
      tls: serverTlsOptions(certificates, systemClock),
      handle: (incoming, response) => {
        const { remoteAddress, remotePort, remoteFamily } = incoming.socket;
        response.end(`${remoteAddress} ${remotePort} ${remoteFamily}`);
      },
      limits,
      proxies: { from, logger: log.logger, clock },
    });
    return {
      log,
      server,
      port: server.address.port,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };

  const ask = async (port: number, localAddress = "127.0.0.1"): Promise<string> => {
    const asked = requestHttps({
      host: "127.0.0.1",
      port,
      servername: "localhost",
      ca,
      localAddress,
      agent: false,
    });
    asked.end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    let body = "";
    for await (const chunk of answer.setEncoding("utf8") as AsyncIterable<string>) body += chunk;
    return body;
  };

  for (const [name, header, expected] of headers) {
    test(`${name}: what the header says is the address, and TLS begins with the next byte`, async () => {
      await using server = await start();
      for (const how of ["together", "piecewise"] as const) {
        await using relay = await startProxyRelay(server.port, header, how);
        const answers = [await ask(relay.port), await ask(relay.port)];
        const own = relay.ownPorts.map((port) => `127.0.0.1 ${port} IPv4`);
        assert.deepEqual(answers, expected === undefined ? own : [expected, expected], how);
      }
      assert.deepEqual(server.log.lines, []);
    });
  }

  test("from another address no header is taken, and none is needed", async () => {
    await using server = await start({ from: ["127.0.0.2/32", "::1/128"] });
    await using relay = await startProxyRelay(
      server.port,
      text("PROXY TCP4 203.0.113.7 192.0.2.1 1 2"),
      "together",
    );
    await assert.rejects(ask(relay.port));
    assert.match(await ask(server.port), /^127\.0\.0\.1 \d+ IPv4$/u);
    await assert.rejects(ask(server.port, "127.0.0.2"), "who is listed has to send one");
  });

  test("without a usable header the connection is closed, and the log tells of it once a minute", async () => {
    let nowMs = 1_000_000;
    await using server = await start({ clock: { now: () => nowMs } });
    const refused = async (bytes: string): Promise<void> => {
      const socket = connect({ host: "127.0.0.1", port: server.port });
      const closing = closed(socket);
      socket.write(bytes);
      await closing;
    };
    await assert.rejects(ask(server.port));
    await refused("PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n");
    await refused("GET / HTTP/1.1\r\n\r\n");
    nowMs += 60_000;
    await refused("PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n");
    const told = server.log.lines.map(({ level, error, connections }) => [level, codeOf(error), connections]);
    assert.deepEqual(told, [
      ["warn", "PROXY_HEADER_INVALID", 1],
      ["warn", "PROXY_HEADER_INVALID", 3],
    ]);
  });

  test("who does not send the whole header in time is cut, and who hangs up before is not spoken of", async () => {
    await using patient = await start();
    const scan = connect({ host: "127.0.0.1", port: patient.port });
    await once(scan, "connect");
    scan.end();
    await closed(scan);
    assert.deepEqual(patient.log.lines, []);
    await using server = await start({ limits: { handshakeTimeoutMs: 200 } });
    const slow = connect({ host: "127.0.0.1", port: server.port });
    const closing = closed(slow);
    const dripping = setInterval(() => slow.write("x"), 20);
    slow.write("PROXY UNKNOWN ");
    await closing;
    clearInterval(dripping);
    await eventually(() => assert.equal(server.log.lines.length, 1, server.log.text()));
    assert.match(server.log.text(), /no whole header came within 200 ms/u);
  });

  test("who sends no header does not keep the server from stopping", async () => {
    const server = await start({ limits: { handshakeTimeoutMs: 600_000, closeTimeoutMs: 600_000 } });
    const socket = connect({ host: "127.0.0.1", port: server.port });
    const closing = closed(socket);
    await once(socket, "connect");
    // The server takes connections in their order: it has this one when the next is refused.
    await assert.rejects(ask(server.port));
    await server[Symbol.asyncDispose]();
    await closing;
  });

  test("gRPC learns the address as well", async () => {
    await using fixture = await startFixture(certificates, {}, { proxyProtocolFrom: ["127.0.0.0/8"] });
    const [, header] = headers[2] ?? ["", Buffer.alloc(0)];
    await using relay = await startProxyRelay(fixture.server.address.port, header, "together");
    const client = fixture.client("token-of-alice", { address: `127.0.0.1:${relay.port}` });
    await assert.rejects(client.listServices({}), /nimplemented/u);
    assert.deepEqual(
      fixture.audits().map(({ peer }) => peer),
      ["203.0.113.7:54321"],
    );
  });
});

describe("a client that speaks plain HTTP to the port of HTTPS", () => {
  test("is told to use https", async () => {
    using certificates = makeCertificates();
    await using server = await startHttpsServer({
      address: { host: "127.0.0.1", port: 0 },
      tls: serverTlsOptions(certificates, systemClock),
      handle: () => assert.fail("there was no request"),
    });
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      const asked = request({ host: "127.0.0.1", port: server.address.port, method, path: "/v2/" });
      asked.end();
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      assert.equal(answer.statusCode, 400);
      let body = "";
      for await (const chunk of answer.setEncoding("utf8") as AsyncIterable<string>) body += chunk;
      assert.equal(body, "This port speaks HTTPS: begin the address with https://\n", method);
    }
  });
});

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
