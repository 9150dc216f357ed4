import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "node:tls";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { systemClock } from "../clock.ts";
import { until } from "./until.ts";
import { cutAfter, startHttpsServer } from "../http/https-server.ts";
import { serverTlsOptions } from "../tls/options.ts";

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
    const closed = Promise.withResolvers<void>();
    socket.on("error", () => undefined).on("close", () => closed.resolve());
    socket.resume();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n`);
    const dripping = setInterval(() => socket.write("x"), 20);
    await closed.promise;
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
