import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { request } from "node:http";
import { Agent } from "node:https";
import { join } from "node:path";
import { suite, test } from "node:test";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { once } from "node:events";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { selfSigned } from "@metacircular/testkit/self-signed.ts";
import { runtimeSocket } from "../runtime-socket.ts";
import { ask } from "./ask.ts";
import { echoServer, listening } from "./backends.ts";
import { aCertificate, aRoute, aState, createDataPlane, type TestDataPlane } from "./data-plane.ts";

suite("changes at run time", () => {
  test("certificates come, are renewed, change their names and go without a reload", async () => {
    await using plane = await createDataPlane();
    const { port, engine, directory } = plane;
    const [first, renewed, more] = await Promise.all([
      selfSigned("new.test"),
      selfSigned("new.test"),
      selfSigned("new.test", "other.test"),
    ]);
    await using backend = await echoServer("backend");
    const routes = ["one.test", "new.test", "other.test"].map((name) => aRoute(plane, name, backend.port));
    const apply = async (...certificates: ReturnType<typeof aCertificate>[]) => {
      const all = [aCertificate(plane.certificate), ...certificates];
      const applied = await engine.apply(aState(plane, { routes, certificates: all }));
      assert.deepEqual(applied.problems, []);
      return applied.reloaded;
    };
    await apply();
    await assert.rejects(ask({ port, name: "new.test", ca: first.certificate }));
    assert.equal(await apply(aCertificate(first, "new")), false);
    assert.equal((await ask({ port, name: "new.test", ca: first.certificate })).status, 200);
    assert.equal(await apply(aCertificate(renewed, "new")), false);
    assert.equal((await ask({ port, name: "new.test", ca: renewed.certificate })).status, 200);
    await assert.rejects(ask({ port, name: "new.test", ca: first.certificate }));
    assert.equal(await apply(aCertificate(more, "new")), false);
    for (const name of more.hostnames)
      assert.equal((await ask({ port, name, ca: more.certificate })).status, 200);
    assert.equal(await apply(), false);
    await assert.rejects(ask({ port, name: "new.test", ca: more.certificate }));
    assert.equal((await ask({ port, name: "one.test", ca: plane.certificate.certificate })).status, 200);

    const files = await readdir(join(directory, "certificates"));
    for (const file of files)
      assert.equal((await stat(join(directory, "certificates", file))).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
  });

  test("a route in maintenance is answered for with the page, and others are served", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    await using backend = await echoServer("backend");
    const route = aRoute(plane, "one.test", backend.port);
    const other = aRoute(plane, "two.test", backend.port, { mode: "l4" });
    const maintenancePage = "<p>Back at noon.</p>\n";
    await engine.apply(aState(plane, { routes: [route, other], maintenancePage }));
    const routes = [route, other].map((each) => ({ ...each, maintenance: true }));
    const { reloaded } = await engine.apply(aState(plane, { routes, maintenancePage }));
    assert.equal(reloaded, false);
    for (const name of ["one.test", "two.test"]) {
      const answer = await ask({ port, name, ca });
      assert.equal(answer.status, 503);
      assert.equal(answer.text, maintenancePage);
      assert.equal(answer.headers["retry-after"], "30");
    }
    await engine.apply(aState(plane, { routes: [route], maintenancePage }));
    assert.equal((await ask({ port, name: "one.test", ca })).status, 200);
  });

  test("what is under way to a backend is counted until it ends; kept connections are not", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    const finish = Promise.withResolvers<void>();
    await using old = await echoServer("old", (incoming, response) => {
      if (incoming.url === "/quick") response.end("quick");
      else void finish.promise.then(() => response.end("slow"));
    });
    await using next = await echoServer("next");
    const address = { host: "127.0.0.1", port: old.port };
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", old.port)] }));
    assert.equal(await engine.connections(address), 0);
    const agent = new Agent({ keepAlive: true });
    await ask({ port, name: "one.test", ca, agent, path: "/quick" });
    // HAProxy may still write down the end of the request.
    await eventually(async () => assert.equal(await engine.connections(address), 0));
    assert.ok(old.sockets.size > 0, "the connection is kept");
    const slow = ask({ port, name: "one.test", ca, agent });
    await eventually(async () => assert.equal(await engine.connections(address), 1));
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", next.port)] }));
    assert.equal(await engine.connections(address), 1, "the route has moved, the request goes on");
    finish.resolve();
    assert.equal((await slow).text, "slow");
    await eventually(async () => assert.equal(await engine.connections(address), 0));
    agent.destroy();
  });

  test("a passed-through connection counts until it is closed, after a reload too", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const server = createTlsServer({ key: certificate.key, cert: certificate.certificate }, (socket) => {
      socket.on("error", () => undefined);
      socket.pipe(socket);
    });
    await using backend = await listening(server);
    const address = { host: "127.0.0.1", port: backend.port };
    const routes = [aRoute(plane, "one.test", backend.port, { mode: "l4" })];
    await engine.apply(aState(plane, { routes }));
    const socket = connectTls({
      host: "127.0.0.1",
      port,
      servername: "one.test",
      ca: certificate.certificate,
    });
    await once(socket, "secureConnect");
    assert.equal(await engine.connections(address), 1);
    const listeners = [port, await freePort()].map((each) => ({ port: each, address: "127.0.0.1" }));
    const { reloaded } = await engine.apply(aState(plane, { routes, listeners }));
    assert.equal(reloaded, true);
    assert.equal(await echoed(socket, "still there"), "still there");
    assert.equal(await engine.connections(address), 1);
    socket.end();
    await eventually(async () => assert.equal(await engine.connections(address), 0));
  });

  test("the numbers of routes are kept by route", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    await using backend = await echoServer("backend", (incoming, response) => {
      response.statusCode = Number(incoming.url?.slice(1));
      response.end("x".repeat(1_000));
    });
    await engine.apply(aState(plane, { routes: [aRoute(plane, "*.wild.test", backend.port)] }));
    for (const status of [200, 204, 404, 500])
      await ask({ port, name: "any.wild.test", ca, path: `/${status}`, headers: { connection: "close" } });
    await eventually(async () => {
      const { routes, running, connections, engine: name } = await engine.stats();
      assert.match(name, /^haproxy 2\./);
      assert.deepEqual({ running, connections }, { running: true, connections: 0 });
      const [first, ...others] = routes;
      assert.ok(first !== undefined);
      const { bytesIn, bytesOut, ...numbers } = first;
      assert.deepEqual(others, []);
      assert.deepEqual(numbers, {
        ...{ port, hostname: "*.wild.test", connections: 0, total: 4, clientErrors: 1, serverErrors: 1 },
      });
      assert.ok(bytesIn > 100 && bytesOut > 3_000, `${bytesIn} ${bytesOut}`);
    });
  });

  test("what somebody else changed is found and repaired", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine, directory } = plane;
    const ca = certificate.certificate;
    await using backend = await echoServer("backend");
    await engine.apply(
      aState(plane, { routes: ["one.test", "two.test"].map((name) => aRoute(plane, name, backend.port)) }),
    );
    assert.deepEqual(await engine.check(), { repaired: [], count: 0 });
    const socket = runtimeSocket(join(directory, "admin-1.sock"));
    const map = join(directory, "maps", "routes.map");
    await socket.execute(`del map ${map} ${port}|one.test`);
    await socket.execute(`set map ${map} ${port}|two.test l7|http1|0|0|0|${port}|two.test|127.0.0.1|1`);
    await socket.execute(`add map ${map} ${port}|evil.test l7|http1|0|0|0|${port}|evil.test|127.0.0.1|1`);
    const list = join(directory, "certificates.list");
    const [file = ""] = await readdir(join(directory, "certificates"));
    await socket.execute(`del ssl crt-list ${list} ${join(directory, "certificates", file)}`);
    const { repaired, count } = await engine.check();
    assert.equal(count, 4, repaired.join("\n"));
    for (const name of ["one.test", "two.test"]) assert.equal((await ask({ port, name, ca })).status, 200);
    await socket.execute(`add map ${map} ${port}|one.test l7|http1|0|0|0|${port}|one.test|127.0.0.1|1`);
    assert.ok((await engine.check()).count > 0, "a second entry with the same key");
    assert.deepEqual(await engine.check(), { repaired: [], count: 0 });
  });

  test("ten thousand routes are taken at once", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    const many = Array.from({ length: 9_999 }, (_, index) =>
      aRoute(plane, `r${index}.wild.test`, backend.port),
    );
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    const routes = [aRoute(plane, "one.test", backend.port), ...many];
    const { reloaded, changes } = await engine.apply(aState(plane, { routes }));
    assert.deepEqual({ reloaded, changes }, { reloaded: false, changes: 9_999 });
    assert.deepEqual(await engine.check(), { repaired: [], count: 0 });
    for (const name of ["one.test", "r0.wild.test", "r9998.wild.test"])
      assert.equal((await ask({ port, name, ca: certificate.certificate })).status, 200);
    const tooMany = await engine.apply(aState(plane, { routes: [...routes, aRoute(plane, "two.test", 1)] }));
    assert.equal(tooMany.problems.length, 1);
  });

  test("of many states at once the newest is applied", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    await engine.apply(aState(plane));
    const states = Array.from({ length: 50 }, (_, index) =>
      aState(plane, { routes: [aRoute(plane, index === 49 ? "one.test" : `r${index}.test`, backend.port)] }),
    );
    await Promise.all(states.map((state) => engine.apply(state)));
    assert.equal((await ask({ port, name: "one.test", ca: certificate.certificate })).status, 200);
    assert.deepEqual(await engine.check(), { repaired: [], count: 0 });
  });

  test("plain HTTP goes to HTTPS for names that have a route, and challenges of ACME to their responders", async () => {
    await using plane = await createDataPlane();
    const { port, engine } = plane;
    await using backend = await echoServer("backend");
    await using responder = await echoServer("responder");
    const { key, certificate } = plane.certificate;
    const alpn = createTlsServer({ key, cert: certificate, ALPNProtocols: ["acme-tls/1"] });
    await using tlsResponder = await listening(alpn);
    const httpPort = await freePort();
    await engine.apply(
      aState(plane, {
        routes: [aRoute(plane, "one.test", backend.port), aRoute(plane, "*.wild.test", backend.port)],
        http: {
          listen: [{ host: "127.0.0.1", port: httpPort }],
          redirectPort: port,
          acmeBackend: { host: "127.0.0.1", port: responder.port },
        },
        tlsAlpnBackend: { host: "127.0.0.1", port: tlsResponder.port },
      }),
    );
    const target = "/a?b=c";
    for (const [host, name] of [
      ["ONE.test:80", "one.test"],
      ["x.wild.test", "x.wild.test"],
    ] as const)
      assert.deepEqual(await plainAsk(httpPort, host, target), [308, `https://${name}:${port}${target}`]);
    assert.deepEqual(await plainAsk(httpPort, "evil.test", target), [404, undefined]);
    const challenge = "/.well-known/acme-challenge/token";
    for (const host of ["one.test", "not.yet.test"])
      assert.deepEqual(await plainAsk(httpPort, host, challenge), [200, undefined]);
    for (const name of ["one.test", "not.yet.test"]) {
      const socket = connectTls({
        ...{ host: "127.0.0.1", port, servername: name, ALPNProtocols: ["acme-tls/1"] },
        rejectUnauthorized: false,
      });
      await once(socket, "secureConnect");
      assert.equal(socket.alpnProtocol, "acme-tls/1", name);
      socket.destroy();
    }
  });

  test("its own numbers are there for Prometheus", async () => {
    await using plane = await createDataPlane();
    const metrics = { host: "127.0.0.1", port: await freePort() };
    await plane.engine.apply(aState(plane, { metrics }));
    const answer = await fetch(`http://127.0.0.1:${metrics.port}/metrics`);
    assert.match(await answer.text(), /^haproxy_frontend_status\{proxy="port-\d+",state="UP"\} 1$/m);
  });

  test("neither configuration nor log has a private key", async () => {
    await using plane = await createDataPlane();
    await plane.engine.apply(aState(plane));
    const renewed = await selfSigned("one.test");
    await plane.engine.apply(aState(plane, { certificates: [aCertificate(renewed)] }));
    const texts = [plane.log.join("\n"), ...(await namedFiles(plane, ["haproxy.cfg", "haproxy.log"]))];
    for (const text of texts) assert.doesNotMatch(text, /PRIVATE KEY/);
  });
});

function namedFiles({ directory }: TestDataPlane, names: readonly string[]): Promise<string[]> {
  return Promise.all(names.map((name) => readFile(join(directory, name), "utf8")));
}

async function plainAsk(
  port: number,
  host: string,
  path: string,
): Promise<[status: number | undefined, location: string | undefined]> {
  const { promise, resolve, reject } = Promise.withResolvers<[number | undefined, string | undefined]>();
  const outgoing = request({ host: "127.0.0.1", port, path, headers: { host }, agent: false }, (response) => {
    response.resume();
    resolve([response.statusCode, response.headers.location]);
  });
  outgoing.on("error", reject);
  outgoing.end();
  return promise;
}

async function echoed(socket: TLSSocket, text: string): Promise<string> {
  const answer = once(socket, "data") as Promise<[Buffer]>;
  socket.write(text);
  return (await answer)[0].toString();
}
