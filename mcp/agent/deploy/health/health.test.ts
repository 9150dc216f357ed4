import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { after, test } from "node:test";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { probeHttp } from "./http.ts";
import { probeTcp } from "./tcp.ts";

const never = new AbortController().signal;
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const http = await listening(
  createHttpServer((request, response) => {
    if (request.url === "/silent") return;
    response.writeHead(Number(request.url?.slice(1))).end("body");
  }),
);

for (const [status, healthy] of [
  [200, true],
  [302, true],
  [404, false],
  [503, false],
] as const) {
  test(`an answer of ${status} ${healthy ? "is" : "is not"} healthy`, async () => {
    const probe = probeHttp(http, `/${status}`, 2_000, never);
    if (healthy) await probe;
    else await assert.rejects(probe, { message: `GET /${status} on port ${http} answered ${status}` });
  });
}

test("no answer in time is not healthy", async () => {
  await assert.rejects(probeHttp(http, "/silent", 50, never), {
    message: `GET /silent on port ${http}: did not answer within 50 ms`,
  });
});

test("a port that accepts connections is healthy", async () => {
  await probeTcp(await listening(createServer()), 2_000, never);
});

test("a port that nothing listens on is not healthy", async () => {
  await assert.rejects(probeTcp(await freePort(), 2_000, never), /ECONNREFUSED/u);
});

test("a port that closes at once is not healthy", async () => {
  const closing = await listening(createServer((socket) => socket.end()));
  await assert.rejects(probeTcp(closing, 2_000, never), /closed at once/u);
});
