import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { ProxyAdmin } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { systemClock } from "../clock.ts";
import { DetailedError } from "../errors.ts";
import { callerOf } from "../grpc/caller.ts";
import { createGrpcClientTransport } from "../grpc/client.ts";
import { startLocalGrpcServer } from "../grpc/local-server.ts";
import { captureLog } from "./captured-log.ts";

describe("a gRPC server on a Unix socket", () => {
  let directory: string;
  let path: string;
  const log = captureLog();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "local-server-"));
    path = join(directory, "admin.sock");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function start() {
    return startLocalGrpcServer({
      path,
      routes: (router) =>
        router.service(ProxyAdmin, { getStatus: (_, context) => ({ version: callerOf(context).name }) }),
      logger: log.logger,
      clock: systemClock,
    });
  }

  async function version(): Promise<string> {
    await using transport = createGrpcClientTransport({ address: `unix:${path}`, timeoutMs: 30_000 });
    return (await createClient(ProxyAdmin, transport).getStatus({})).version;
  }

  test("answers who may open it, and logs the call", async () => {
    await using _server = await start();
    assert.equal(await version(), "local");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(log.lines.find(({ msg }) => msg === "rpc")?.["method"], "/mcproxy.v1.ProxyAdmin/GetStatus");
  });

  test("takes the place of a socket that nobody serves", async () => {
    writeFileSync(path, "");
    await using _server = await start();
    assert.equal(await version(), "local");
  });

  test("does not take the place of one that is served", async () => {
    await using _server = await start();
    await assert.rejects(
      start(),
      (error) => error instanceof DetailedError && error.code === "LISTEN_FAILED",
    );
    assert.equal(await version(), "local");
  });

  test("is gone with its server, and says so", async () => {
    await (await start())[Symbol.asyncDispose]();
    assert.throws(() => statSync(path), { code: "ENOENT" });
    await assert.rejects(version());
  });
});
