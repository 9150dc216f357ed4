import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { test } from "node:test";
import { connect } from "node:tls";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { systemClock } from "../clock.ts";
import { until } from "./until.ts";
import { cutAfter, startHttpsServer } from "../http/https-server.ts";
import { serverTlsOptions } from "../tls/options.ts";
import { closed } from "./closed.ts";

test("who has the answer, or should have sent all, does not keep a connection by single bytes", async () => {
  await using directory = await createTemporaryDirectory();
  const certificates = await createTestCertificates(join(directory.path, "tls"));
  await using server = await startHttpsServer({
    address: { host: "127.0.0.1", port: 0 },
    tls: serverTlsOptions(certificates, systemClock),
    handle: (request, response) => {
      if (request.url === "/read") cutAfter(request, 100);
      else response.end("done");
      request.resume();
    },
    limits: { requestTimeoutMs: 0, restTimeoutMs: 100 },
  });
  const { port } = server.address;
  const ca = readFileSync(certificates.caFile);
  for (const path of ["/read", "/answered"]) {
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca });
    await once(socket, "secureConnect");
    const gone = Promise.withResolvers<void>();
    socket.on("error", () => undefined).on("close", () => gone.resolve());
    socket.resume();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n`);
    const dripping = setInterval(() => socket.write("x"), 20);
    await gone.promise;
    clearInterval(dripping);
  }
  const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca });
  let answers = "";
  socket.on("data", (chunk: Buffer) => (answers += chunk.toString("latin1")));
  for (let count = 1; count <= 2; count += 1) {
    socket.write("POST /answered HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    await until(
      () => answers.split("done").length - 1 === count,
      "the connection goes on where all was sent",
    );
    // Longer than what cuts the others.
    await systemClock.sleep(150);
  }
  socket.destroy();
});

test("who connects and says nothing is cut", async () => {
  await using directory = await createTemporaryDirectory();
  const certificates = await createTestCertificates(join(directory.path, "tls"));
  await using server = await startHttpsServer({
    address: { host: "127.0.0.1", port: 0 },
    tls: serverTlsOptions(certificates, systemClock),
    handle: () => assert.fail("there was no request"),
    limits: { handshakeTimeoutMs: 100 },
  });
  const socket = connectTcp(server.address);
  socket.on("error", () => undefined).resume();
  await once(socket, "close");
});

test("who sends requests without end and waits for no answer is cut", async () => {
  await using directory = await createTemporaryDirectory();
  const certificates = await createTestCertificates(join(directory.path, "tls"));
  const waiting: ServerResponse[] = [];
  await using server = await startHttpsServer({
    address: { host: "127.0.0.1", port: 0 },
    tls: serverTlsOptions(certificates, systemClock),
    handle: (_request, response) => void waiting.push(response),
  });
  const { port } = server.address;
  const ca = readFileSync(certificates.caFile);
  const text = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const modest = connect({ host: "127.0.0.1", port, servername: "localhost", ca });
  let answers = "";
  modest.on("data", (chunk: Buffer) => (answers += chunk.toString("latin1")));
  for (let turn = 1; turn <= 2; turn += 1) {
    modest.write(text.repeat(32));
    await eventually(() => assert.equal(waiting.length, 32));
    for (const response of waiting.splice(0)) response.end("done");
    await eventually(() => assert.equal(answers.split("done").length - 1, turn * 32));
  }
  modest.destroy();
  const greedy = connect({ host: "127.0.0.1", port, servername: "localhost", ca });
  const closing = closed(greedy);
  greedy.write(text.repeat(1_000));
  await closing;
  assert.equal(waiting.length, 32);
});

test("who connects and does not send its request is cut", { timeout: 25_000 }, async () => {
  await using directory = await createTemporaryDirectory();
  const certificates = await createTestCertificates(join(directory.path, "tls"));
  await using server = await startHttpsServer({
    address: { host: "127.0.0.1", port: 0 },
    tls: serverTlsOptions(certificates, systemClock),
    handle: () => assert.fail("there was no request"),
    limits: { requestTimeoutMs: 0, headersTimeoutMs: 100 },
  });
  const ca = readFileSync(certificates.caFile);
  for (const begun of ["", "GET / HTTP/1.1\r\nHost: x\r\n"]) {
    const socket = connect({ host: "127.0.0.1", port: server.address.port, servername: "localhost", ca });
    const closing = closed(socket);
    socket.write(begun);
    await closing;
  }
});

test("a request target may be a whole URL, whoever answers it; a request has one host", async () => {
  await using directory = await createTemporaryDirectory();
  const certificates = await createTestCertificates(join(directory.path, "tls"));
  await using server = await startHttpsServer({
    address: { host: "127.0.0.1", port: 0 },
    tls: serverTlsOptions(certificates, systemClock),
    handle: (request, response) => response.end(`[${request.url}]`),
  });
  const table = [
    ["/a?b=c", "Host: x", "[/a?b=c]"],
    ["https://x/a?b=c", "Host: x", "[/a?b=c]"],
    ["HTTPS://x:1/a?b=c", "Host: x", "[/a?b=c]"],
    ["https://x", "Host: x", "[/]"],
    ["/", "Host: x\r\nhost: y", "HTTP/1.1 400"],
  ] as const;
  for (const [target, hosts, expected] of table) {
    const socket = connect({
      host: "127.0.0.1",
      port: server.address.port,
      servername: "localhost",
      ca: readFileSync(certificates.caFile),
    });
    socket.write(`GET ${target} HTTP/1.1\r\n${hosts}\r\nConnection: close\r\n\r\n`);
    const answer = await textOf(socket);
    assert.ok(answer.includes(expected), answer);
  }
});
