import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, rm, statfs, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { startProgram } from "@metacircular/testkit/program.ts";
import { selfSigned } from "@metacircular/testkit/self-signed.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { ask } from "../haproxy/test/ask.ts";
import { echoServer, listening } from "../haproxy/test/backends.ts";
import type { Route } from "../routes/route.ts";
import { openStore } from "../store/store.ts";
import { aRouteOf, startRunningProxy, statusWhere } from "./running-proxy.ts";

const run = promisify(execFile);

/** A small disk of its own, unmounted at the end. */
async function aDisk(): Promise<AsyncDisposable & { path: string }> {
  const stack = new AsyncDisposableStack();
  const { path } = stack.use(await createTemporaryDirectory());
  await run("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", path]);
  stack.defer(async () => {
    await run("umount", ["--lazy", path]);
  });
  return { path, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function fill(directory: string): Promise<AsyncDisposable> {
  const path = join(directory, "filling");
  const { bavail, bsize } = await statfs(directory);
  await writeFile(path, Buffer.alloc(bavail * bsize));
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

describe("a full disk", () => {
  test("costs no route: changes are refused, and made when there is room again", async () => {
    await using disk = await aDisk();
    await using proxy = await startRunningProxy({ root: disk.path });
    await using backend = await echoServer("one");
    const ca = proxy.certificate.certificate;
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
    {
      await using _filling = await fill(disk.path);
      const add = () => proxy.client.addRoute(aRouteOf(proxy, "two.test", backend.port));
      await assert.rejects(add, (error: { code: string }) =>
        ["STORE_WRITE_FAILED", "CHANGE_NOT_APPLIED"].includes(error.code),
      );
      assert.equal((await ask({ port: proxy.port, name: "one.test", ca })).status, 200);
      assert.deepEqual(
        (await proxy.client.listRoutes()).map(({ route }) => route?.hostname),
        ["one.test"],
      );
    }
    await proxy.client.addRoute(aRouteOf(proxy, "two.test", backend.port));
    assert.equal((await ask({ port: proxy.port, name: "two.test", ca })).status, 200);
    await statusWhere(proxy, ({ problems }) => assert.deepEqual(problems, []));
  });
});

test("10,000 routes of an earlier run are served at the start, and one more is refused", async () => {
  await using directory = await createTemporaryDirectory();
  await using backend = await echoServer("one");
  {
    await using proxy = await startRunningProxy({ root: directory.path });
    await proxy.program[Symbol.asyncDispose]();
    storeRoutes(join(directory.path, "mc-proxy.db"), 10_000, proxy.port, backend.port);
    await proxy.start();
    assert.equal((await proxy.client.status()).routes, 10_000);
    const ca = proxy.certificate.certificate;
    for (const index of [0, 4_999, 9_999])
      assert.equal((await ask({ port: proxy.port, name: `n${index}.test.example`, ca })).status, 200);
    assert.equal((await proxy.client.listRoutes()).length, 10_000);
    await assert.rejects(proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port)), {
      code: "ROUTES_TOO_MANY",
    });
    await proxy.client.removeRoute({ port: proxy.port, hostname: "n1.test.example" });
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
    assert.equal((await ask({ port: proxy.port, name: "one.test", ca })).status, 200);
  }
});

function storeRoutes(file: string, count: number, port: number, backendPort: number): void {
  using store = openStore(file);
  const route: Omit<Route, "hostname"> = {
    port,
    mode: "l7",
    backend: { host: "127.0.0.1", port: backendPort },
    backendProtocol: "http1",
    sendProxyProtocol: false,
    owner: "",
    maintenance: false,
    maxBodyBytes: 0,
    rateLimit: 0,
  };
  store.write(() => {
    for (let index = 0; index < count; index += 1)
      store.routes.put({ route: { ...route, hostname: `n${index}.test.example` }, updatedAtMs: 1 });
  });
}

test("a certificate that is renewed is served at once, and one that breaks costs nothing", async () => {
  await using proxy = await startRunningProxy();
  await using backend = await echoServer("one");
  await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
  const file = join(proxy.root, "certs", "test.pem");
  const renewed = await selfSigned("one.test");
  await writeFile(file, renewed.pem);
  await eventually(async () => {
    assert.equal((await ask({ port: proxy.port, name: "one.test", ca: renewed.certificate })).status, 200);
  });
  await writeFile(file, renewed.pem.slice(0, 100));
  await statusWhere(proxy, ({ problems }) =>
    assert.match(problems.join(), /test\.pem: .*the one before it/u),
  );
  for (const again of [false, true]) {
    if (again) {
      const pid = await proxy.haproxyPid();
      await proxy.kill();
      process.kill(pid, "SIGKILL");
      await proxy.start();
    }
    assert.equal((await ask({ port: proxy.port, name: "one.test", ca: renewed.certificate })).status, 200);
  }
});

test("a port that another program holds is told in the status, and taken when it is free", async () => {
  await using directory = await createTemporaryDirectory();
  await using proxy = await startRunningProxy({ root: directory.path });
  await using backend = await echoServer("one");
  await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
  await proxy.program[Symbol.asyncDispose]();
  {
    await using _other = await listening(createServer(), "127.0.0.1", proxy.port);
    await proxy.start();
    await statusWhere(proxy, ({ dataPlane, problems }) => {
      assert.equal(dataPlane?.running, false);
      assert.match(problems.join("\n"), /does not run/u);
      assert.match(problems.join("\n"), /not as stored/u);
    });
  }
  await eventually(async () => {
    const ca = proxy.certificate.certificate;
    assert.equal((await ask({ port: proxy.port, name: "one.test", ca })).status, 200);
  });
  await statusWhere(proxy, ({ problems }) => assert.deepEqual(problems, []));
});

test("a port that the HAProxy of another proxy holds is not shared with it, but told", async () => {
  await using first = await startRunningProxy();
  await using second = await startRunningProxy();
  await second.program[Symbol.asyncDispose]();
  const text = await readFile(second.configFile, "utf8");
  await writeFile(second.configFile, text.replace(`ports = [${second.port}]`, `ports = [${first.port}]`));
  await second.start();
  await statusWhere(second, ({ dataPlane, problems }) => {
    assert.equal(dataPlane?.running, false);
    assert.match(problems.join("\n"), /not as stored/u);
  });
  assert.equal((await first.client.status()).dataPlane?.running, true);
});

test("a machine without HAProxy is told what to install", async () => {
  await using directory = await createTemporaryDirectory();
  const configFile = join(directory.path, "mc-proxy.toml");
  await writeFile(
    configFile,
    `[haproxy]\nbinary = "/nonexistent/haproxy"\n[database]\npath = "${directory.path}/db"\n`,
  );
  await using program = startProgram("mc-proxy/main.ts", ["server", "--config", configFile], {
    MC_PROXY_ADMIN_SOCKET: join(directory.path, "run", "admin.sock"),
  });
  await program.ended;
  assert.equal(program.child.exitCode, 1);
  assert.match(program.log.join("\n"), /HAPROXY_MISSING/u);
});

test("a second proxy on the same files says so and ends, and the first goes on", async () => {
  await using proxy = await startRunningProxy();
  await using second = startProgram("mc-proxy/main.ts", ["server", "--config", proxy.configFile], {
    PATH: process.env["PATH"],
  });
  await second.ended;
  assert.equal(second.child.exitCode, 1);
  assert.match(second.log.join("\n"), /PROXY_ALREADY_RUNS/u);
  assert.equal((await proxy.client.status()).dataPlane?.running, true);
});
