import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import type { AuditEntry } from "../audit/audit.ts";
import { createTokenHandler } from "./handler.ts";

test("who does not send what was begun is cut, and is no failure of the registry", async () => {
  const lines: string[] = [];
  const audited: AuditEntry[] = [];
  const unused = (): never => assert.fail("not to be asked");
  const handle = createTokenHandler({
    rules: { book: unused },
    tokens: { sign: unused, verify: unused, issuer: "https://mcr.example" },
    findCaller: unused,
    service: "mcr.example",
    audit: { record: (entry) => void audited.push(entry) },
    logger: createLogger({
      name: "mcr",
      level: "info",
      destination: { write: (line: string) => void lines.push(line) },
    }),
    clock: { now: () => 0 },
    requestTimeoutMs: 100,
  });
  const handled = Promise.withResolvers<boolean>();
  const server = createServer((request, response) => {
    handle(request, response).then(handled.resolve, handled.reject);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": "1000" };
  const outgoing = httpRequest({ host: "127.0.0.1", port, method: "POST", path: "/v2/token", headers });
  const dripping = setInterval(() => outgoing.write("x"), 20);
  const [error] = (await once(outgoing, "error")) as [NodeJS.ErrnoException];
  clearInterval(dripping);
  server.close();
  assert.match(String(error.code), /ECONNRESET|EPIPE/u);
  assert.equal(await handled.promise, true);
  assert.deepEqual(lines, []);
  assert.equal(audited.length, 1);
});
