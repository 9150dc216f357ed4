import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import type { Duplex } from "node:stream";
import { suite, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ask } from "./ask.ts";
import { echoH2cServer, echoServer, listening } from "./backends.ts";
import { aRoute, aState, createDataPlane, type TestDataPlane } from "./data-plane.ts";

/** Long enough for a request on a slow and busy machine. */
const briefMs = 1_000;

suite("protocols", () => {
  test("HTTP/2 reaches a backend that speaks HTTP/1.1, many requests at a time", async () => {
    await using plane = await createDataPlane();
    await using backend = await echoServer("backend");
    await plane.engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    using session = http2Session(plane, "one.test");
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => http2Ask(session, { ":path": `/${index}` })),
    );
    assert.equal(session.alpnProtocol, "h2");
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.deepEqual(
      answers.map(({ text }) => (JSON.parse(text) as { url: string }).url),
      answers.map((_, index) => `/${index}`),
    );
  });

  test("HTTP/2 for another host on the same connection is misdirected", async () => {
    await using plane = await createDataPlane();
    await using backend = await echoServer("backend");
    const routes = ["one.test", "two.test"].map((name) => aRoute(plane, name, backend.port));
    await plane.engine.apply(aState(plane, { routes }));
    using session = http2Session(plane, "one.test");
    const { status } = await http2Ask(session, { ":authority": "two.test", ":path": "/" });
    assert.equal(status, 421);
  });

  test("gRPC's HTTP/2 goes through to the backend, with its trailers", async () => {
    await using plane = await createDataPlane();
    await using backend = await echoH2cServer("backend");
    const route = aRoute(plane, "one.test", backend.port, { backendProtocol: "h2c", maxBodyBytes: 100_000 });
    await plane.engine.apply(aState(plane, { routes: [route] }));
    using session = http2Session(plane, "one.test");
    const headers = {
      ":method": "POST",
      ":path": "/service/Method",
      "content-type": "application/grpc",
      te: "trailers",
    };
    const { status, text, trailers } = await http2Ask(session, headers, Buffer.alloc(50_000));
    assert.equal(status, 200);
    assert.equal(trailers["grpc-status"], "0");
    const echo = JSON.parse(text) as { body: number; headers: Record<string, string> };
    assert.equal(echo.body, 50_000);
    assert.equal(echo.headers["te"], "trailers");
  });

  test("a WebSocket outlives the timeouts of requests, and ends with its backend", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await webSocketServer();
    const limits = { ...aState(plane).limits, clientTimeoutMs: briefMs, backendTimeoutMs: briefMs };
    await engine.apply(aState(plane, { routes: [aRoute(plane, "localhost", backend.port)], limits }));
    setDefaultCACertificates([...getCACertificates(), certificate.certificate]);
    const socket = new WebSocket(`wss://localhost:${port}/`);
    await once(socket, "open");
    assert.equal(await echoed(socket, "hello"), "hello");
    assert.equal(await engine.connections({ host: "127.0.0.1", port: backend.port }), 1);
    await elapsed(2 * briefMs);
    assert.equal(await echoed(socket, "still there"), "still there");
    const closed = once(socket, "close");
    await backend[Symbol.asyncDispose]();
    await closed;
  });

  test("an event stream arrives event by event, and may be silent for longer than a request", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const stream = Promise.withResolvers<ServerResponse>();
    await using backend = await echoServer("events", (_: IncomingMessage, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: first\n\n");
      stream.resolve(response);
    });
    const limits = { ...aState(plane).limits, clientTimeoutMs: briefMs, backendTimeoutMs: briefMs };
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)], limits }));
    const outgoing = request({
      ...{ host: "127.0.0.1", port, servername: "one.test", ca: certificate.certificate, agent: false },
      headers: { host: "one.test", accept: "text/event-stream" },
    });
    outgoing.end();
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const events = incoming.setEncoding("utf8")[Symbol.asyncIterator]();
    const nextEvent = async (): Promise<unknown> => (await events.next()).value;
    assert.equal(await nextEvent(), "data: first\n\n");
    await elapsed(2 * briefMs);
    (await stream.promise).write("data: second\n\n");
    assert.equal(await nextEvent(), "data: second\n\n");
    outgoing.destroy();
  });

  test("a backend that does not answer in time is answered for with 504", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("silent", () => undefined);
    const limits = { ...aState(plane).limits, backendTimeoutMs: 200 };
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)], limits }));
    assert.equal((await ask({ port, name: "one.test", ca: certificate.certificate })).status, 504);
  });

  test("bodies are as large as the route allows, and have to say so where it has a limit of its own", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    await using backend = await echoServer("backend");
    const routes = [
      aRoute(plane, "one.test", backend.port, { maxBodyBytes: 2_000_000 }),
      aRoute(plane, "two.test", backend.port),
    ];
    await engine.apply(aState(plane, { routes, limits: { ...aState(plane).limits, maxBodyBytes: 1_000 } }));
    const post = async (name: string, bytes: number, headers = {}) =>
      ask({ port, name, ca, method: "POST", body: Buffer.alloc(bytes), headers });
    assert.equal((await post("one.test", 2_000_000)).echo().body, 2_000_000);
    assert.equal((await post("one.test", 2_000_001)).status, 413);
    assert.equal((await post("two.test", 1_000)).status, 200);
    assert.equal((await post("two.test", 1_001)).status, 413);
    const chunked = { "transfer-encoding": "chunked" };
    assert.equal((await post("one.test", 10, chunked)).status, 411);
    assert.equal((await post("two.test", 5_000, chunked)).echo().body, 5_000);
    using session = http2Session(plane, "one.test");
    for (const method of ["PUT", "GET", "DELETE"]) {
      const unannounced = await http2Ask(session, { ":method": method, ":path": "/" }, Buffer.alloc(10));
      assert.equal(unannounced.status, 411, method);
    }
    assert.equal((await http2Ask(session, { ":method": "POST", ":path": "/" })).status, 200);
  });

  test("tunnels by CONNECT are not served", async () => {
    await using plane = await createDataPlane();
    await using backend = await echoServer("backend");
    await plane.engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    using session = http2Session(plane, "one.test");
    const stream = session.request({ ":method": "CONNECT", ":authority": "one.test" });
    const [headers] = (await once(stream, "response")) as [{ ":status": number }];
    assert.equal(headers[":status"], 405);
  });

  test("TLS 1.2 and 1.3 are spoken, older versions are not", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    const statusBy = async (version: string): Promise<number> => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const outgoing = request(
        {
          ...{ host: "127.0.0.1", port, servername: "one.test", ca: certificate.certificate, agent: false },
          ...{ minVersion: version as "TLSv1.2", maxVersion: version as "TLSv1.2" },
          ...{ headers: { host: "one.test" }, ciphers: "DEFAULT@SECLEVEL=0" },
        },
        (response) => resolve(response.resume().statusCode ?? 0),
      );
      outgoing.on("error", reject);
      outgoing.end();
      return promise;
    };
    assert.equal(await statusBy("TLSv1.3"), 200);
    assert.equal(await statusBy("TLSv1.2"), 200);
    await assert.rejects(statusBy("TLSv1.1"));
  });
});

function http2Session({ port, certificate }: TestDataPlane, name: string): ClientHttp2Session & Disposable {
  const session = connectHttp2(`https://${name}`, {
    ...{ host: "127.0.0.1", port, servername: name, ca: certificate.certificate },
  });
  session.on("error", () => undefined);
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() });
}

async function http2Ask(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<{ status: number; text: string; trailers: NodeJS.Dict<string | string[]> }> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  let trailers: NodeJS.Dict<string | string[]> = {};
  stream.on("trailers", (received: NodeJS.Dict<string | string[]>) => (trailers = received));
  const [answer] = (await once(stream, "response")) as [{ ":status": number }];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { status: answer[":status"], text: Buffer.concat(chunks).toString(), trailers };
}

/** Echoes short messages. */
async function webSocketServer() {
  const server = createServer();
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex) => {
    const key = `${incoming.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accepted = createHash("sha1").update(key).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
    );
    socket.on("data", (frame: Buffer) => {
      const length = (frame[1] ?? 0) & 127;
      const mask = frame.subarray(2, 6);
      const text = frame.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
      socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
    });
    socket.on("error", () => undefined);
  });
  return listening(server);
}

async function echoed(socket: WebSocket, text: string): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  socket.addEventListener("message", ({ data }) => resolve(data), { once: true });
  socket.send(text);
  return promise;
}

/** Lets a timeout that must not strike go by. */
function elapsed(durationMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, durationMs);
  return promise;
}
