import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startControlPlane } from "./control-plane.ts";

const buf = join(dirname(createRequire(import.meta.url).resolve("@bufbuild/buf/package.json")), "bin", "buf");
const schema = fileURLToPath(new URL("../../proto", import.meta.url));

test("an independent gRPC client (buf curl) manages routes by the socket, and gets our facts when it is refused", async () => {
  await using proxy = await startControlPlane();
  function call(method: string, data: object): Promise<{ stdout: string; stderr: string }> {
    const where = [
      "--unix-socket",
      proxy.config.admin.socket,
      "--http2-prior-knowledge",
      "--protocol",
      "grpc",
    ];
    const url = `http://localhost/mcproxy.v1.ProxyAdmin/${method}`;
    const argv = [buf, "curl", "--schema", schema, ...where, "--data", JSON.stringify(data), url];
    return new Promise((resolve) => {
      execFile(process.execPath, argv, (_error, stdout, stderr) => resolve({ stdout, stderr }));
    });
  }
  const route = { port: 443, hostname: "a.example.org", mode: "ROUTE_MODE_L4", backend: "127.0.0.1:8080" };
  assert.deepEqual(await call("AddRoute", { route }), { stdout: "{}\n", stderr: "" });
  const listed = JSON.parse((await call("ListRoutes", {})).stdout) as { routes: { route: unknown }[] };
  assert.deepEqual(listed.routes[0]?.route, route);
  const { stderr } = await call("AddRoute", { route: { ...route, port: 7 } });
  const { code, details } = JSON.parse(stderr) as {
    code: string;
    details: { type: string; value: string }[];
  };
  assert.equal(code, "failed_precondition");
  assert.equal(details[0]?.type, "mcdsl.v1.ErrorDetail");
  assert.match(Buffer.from(details[0].value, "base64").toString(), /ROUTE_PORT_CLOSED/u);
});
