import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request as startRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { readRequestBody, readResponseBody } from "../http/read-body.ts";

const maxBytes = 10;

/** Answers a body with its text, and one that is too large with 413. */
async function startEcho(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((request, response) => {
    void readRequestBody(request, maxBytes).then((body) => {
      response.writeHead(body === undefined ? 413 : 200).end(body);
      request.resume();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Sends the pieces without saying before how many bytes they have. */
function send(port: number, pieces: readonly string[]): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = startRequest({ port, host: "127.0.0.1", method: "POST" }, resolve);
    request.on("error", reject);
    for (const piece of pieces) request.write(piece);
    request.end();
  });
}

describe("a body", () => {
  test("is read up to its bound, and not beyond", async () => {
    await using echo = await startEcho();
    for (const pieces of [[], ["a"], ["12345", "67890"]]) {
      const response = await send(echo.port, pieces);
      assert.equal(response.statusCode, 200);
      assert.equal((await readResponseBody(response, maxBytes))?.toString(), pieces.join(""));
    }
    const exact = await send(echo.port, ["12345", "67890"]);
    assert.equal(await readResponseBody(exact, maxBytes - 1), undefined);
  });

  test("that is too large is answered", async () => {
    await using echo = await startEcho();
    const response = await send(echo.port, ["12345", "678901"]);
    assert.equal(response.statusCode, 413);
    response.resume();
  });
});
