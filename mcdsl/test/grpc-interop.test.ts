import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { callerOf } from "../grpc/caller.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { type GrpcFixture, startFixture } from "./grpc-fixture.ts";

const buf = join(dirname(createRequire(import.meta.url).resolve("@bufbuild/buf/package.json")), "bin", "buf");
const schema = fileURLToPath(new URL("../../proto", import.meta.url));

let certificates: Certificates;
let fixture: GrpcFixture;
before(async () => {
  certificates = makeCertificates();
  fixture = await startFixture(certificates, {
    nodeStatus: (_, context) => ({ nodeName: callerOf(context).name }),
    async *logs() {
      for (const text of ["one", "two"]) yield { lines: [{ text }] };
    },
  });
});
after(async () => {
  await fixture[Symbol.asyncDispose]();
  certificates[Symbol.dispose]();
});

function bufCurl(
  method: string,
  token: string,
): Promise<{ failed: boolean; stdout: string; stderr: string }> {
  const url = `https://${fixture.address}/mcp.v1.McpAgent/${method}`;
  const parameters = ["curl", "--schema", schema, "--protocol", "grpc", "--cacert", certificates.caFile];
  const header = ["--header", `authorization: Bearer ${token}`, "--data", "{}", url];
  return new Promise((resolve) => {
    execFile(process.execPath, [buf, ...parameters, ...header], (error, stdout, stderr) => {
      resolve({ failed: error !== null, stdout, stderr });
    });
  });
}

describe("an independent gRPC client (buf curl)", () => {
  test("makes a unary call", async () => {
    const { stdout, stderr } = await bufCurl("NodeStatus", "token-of-alice");
    assert.equal(stderr, "");
    assert.deepEqual(JSON.parse(stdout), { nodeName: "alice" });
  });

  test("reads a stream", async () => {
    const { stdout } = await bufCurl("Logs", "token-of-alice");
    assert.match(stdout, /"one"[^]*"two"/);
  });

  test("gets the status and our facts when it is refused", async () => {
    const { failed, stderr } = await bufCurl("NodeStatus", "garbage");
    assert.ok(failed);
    const { code, details } = JSON.parse(stderr) as { code: string; details: { type: string }[] };
    assert.equal(code, "unauthenticated");
    assert.equal(details[0]?.type, "mcdsl.v1.ErrorDetail");
  });

  test("is told that a method is not served", async () => {
    const { stderr } = await bufCurl("Deploy", "token-of-alice");
    assert.match(stderr, /"unimplemented"/);
  });
});
