import assert from "node:assert/strict";
import { Agent } from "node:https";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { suite, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { ask } from "./ask.ts";
import { echoServer, echoTlsServer, listening } from "./backends.ts";
import { aRoute, aState, createDataPlane } from "./data-plane.ts";

suite("routes", () => {
  test("a terminated and a passed-through name are served on the same port, each by its backend", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using terminated = await echoServer("terminated");
    await using passedThrough = await echoTlsServer("passed through", certificate);
    const routes = [
      aRoute(plane, "one.test", terminated.port),
      aRoute(plane, "two.test", passedThrough.port, { mode: "l4" }),
    ];
    const applied = await engine.apply(aState(plane, { routes }));
    assert.deepEqual(applied, { reloaded: true, changes: 0, problems: [] });
    const ca = certificate.certificate;
    assert.equal((await ask({ port, name: "one.test", ca })).echo().name, "terminated");
    assert.equal((await ask({ port, name: "two.test", ca })).echo().name, "passed through");
  });

  test("a route appears, moves and goes at run time", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    await using first = await echoServer("first");
    await using second = await echoServer("second");
    await engine.apply(aState(plane));
    await assert.rejects(ask({ port, name: "one.test", ca }), "before it is there");

    const added = await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", first.port)] }));
    assert.deepEqual(added, { reloaded: false, changes: 1, problems: [] });
    using agent = disposableAgent();
    assert.equal((await ask({ port, name: "one.test", ca, agent })).echo().name, "first");

    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", second.port)] }));
    assert.equal(
      (await ask({ port, name: "one.test", ca, agent })).echo().name,
      "second",
      "on a kept connection",
    );

    await engine.apply(aState(plane));
    assert.equal((await ask({ port, name: "one.test", ca, agent })).status, 404, "on a kept connection");
    await assert.rejects(ask({ port, name: "one.test", ca }), "on a new connection");
  });

  test("a wildcard stands for names with one more label that have no route of their own", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    await using wild = await echoServer("wild");
    await using own = await echoServer("own");
    const routes = [aRoute(plane, "*.wild.test", wild.port), aRoute(plane, "own.wild.test", own.port)];
    await engine.apply(aState(plane, { routes }));
    assert.equal((await ask({ port, name: "any.wild.test", ca })).echo().name, "wild");
    assert.equal((await ask({ port, name: "own.wild.test", ca })).echo().name, "own");
    await assert.rejects(ask({ port, name: "two.labels.wild.test", ca }));
    await assert.rejects(ask({ port, name: "wild.test", ca }));
    for (const label of ['a";for="6', "evil/", "user@evil", "a b"]) {
      const name = `${label}.wild.test`;
      await assert.rejects(ask({ port, name, ca }), name);
    }
  });

  test("host and name of the greeting have to agree, in whatever case, with port and final dot or without", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    await using backend = await echoServer("backend");
    const routes = ["one.test", "two.test"].map((name) => aRoute(plane, name, backend.port));
    await engine.apply(aState(plane, { routes }));
    const statusFor = async (name: string, host: string) => (await ask({ port, name, host, ca })).status;
    for (const host of ["one.test", "ONE.test", `one.test:${port}`, "one.test.", `One.Test.:${port}`])
      assert.equal(await statusFor("one.test", host), 200, host);
    assert.equal(await statusFor("ONE.test", "one.test"), 200);
    for (const host of [
      "two.test",
      "evil.test",
      "",
      "one.test.evil.test",
      "one.test@two.test",
      "evil.test, one.test",
      'one.test:1";for=6.6.6.6',
      "one.test:evil.test",
    ])
      assert.ok([421, 400].includes(await statusFor("one.test", host)), host);
  });

  test("who greets without a name, without TLS or with an unknown name gets nothing", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    const routes = [aRoute(plane, "one.test", backend.port)];
    await engine.apply(aState(plane, { routes, limits: { ...aState(plane).limits, helloTimeoutMs: 300 } }));
    await assert.rejects(ask({ port, name: "", host: "one.test", ca: certificate.certificate }));
    await assert.rejects(ask({ port, name: "evil.test", ca: certificate.certificate }));
    const socket = connect(port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: one.test\r\n\r\n");
    const received: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    socket.on("error", () => undefined);
    await once(socket, "close");
    assert.equal(Buffer.concat(received).toString(), "");
  });

  test("a route whose name has no certificate is refused in the handshake", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    await engine.apply(aState(plane, { routes: [aRoute(plane, "bare.test", backend.port)] }));
    await assert.rejects(ask({ port, name: "bare.test", ca: certificate.certificate }), /alert/);
  });

  test("a backend has an IPv6 address, or speaks TLS and proves the name", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine, directory } = plane;
    const ca = certificate.certificate;
    const server = createServer((_, response) => response.end("six"));
    await using six = await listening(server, "::1");
    await using secure = await echoTlsServer("secure", certificate);
    await writeFile(`${directory}/backends.pem`, ca);
    const routes = [
      aRoute(plane, "one.test", six.port, { backend: { host: "::1", port: six.port } }),
      aRoute(plane, "two.test", secure.port, { backendProtocol: "tls" }),
      aRoute(plane, "other.wild.test", secure.port, { backendProtocol: "tls" }),
    ];
    await engine.apply(aState(plane, { routes, backendCaFile: `${directory}/backends.pem` }));
    assert.equal((await ask({ port, name: "one.test", ca })).text, "six");
    assert.equal((await ask({ port, name: "two.test", ca })).echo().name, "secure");
    assert.equal(
      (await ask({ port, name: "other.wild.test", ca })).status,
      200,
      "the certificate has a wildcard",
    );
  });

  test("a backend that is down is tried for a while, and served as soon as it is there", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    const backendPort = await freePort();
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backendPort)] }));
    const early = ask({ port, name: "one.test", ca });
    await eventually(async () => assert.equal((await engine.stats()).routes[0]?.connections, 1));
    const server = createServer((_, response) => response.end("up"));
    await using _backend = await listening(server, "127.0.0.1", backendPort);
    assert.equal((await early).text, "up");
  });

  test("a backend that stays down is answered for with 503", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const limits = { ...aState(plane).limits, connectRetries: 0 };
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", await freePort())], limits }));
    const answer = await ask({ port, name: "one.test", ca: certificate.certificate });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers["retry-after"], "5");
  });

  test("a route to the proxy itself does not go round", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    const routes = [aRoute(plane, "one.test", port), aRoute(plane, "two.test", port, { mode: "l4" })];
    await engine.apply(aState(plane, { routes }));
    assert.equal((await ask({ port, name: "one.test", ca })).status, 508);
    await assert.rejects(ask({ port, name: "two.test", ca }));
  });

  test("routes and certificates that cannot be are left out, and named", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    const state = aState(plane, {
      routes: [
        aRoute(plane, "one.test", backend.port),
        aRoute(plane, "bad name;disable frontend port", backend.port),
        aRoute(plane, "a.test\nshutdown", backend.port),
        aRoute(plane, "zero.test", backend.port, { backend: { host: "0.0.0.0", port: backend.port } }),
        aRoute(plane, "zone.test", backend.port, { backend: { host: "fe80::1%lo", port: backend.port } }),
        aRoute(plane, "name.test", backend.port, { backend: { host: "localhost", port: backend.port } }),
        aRoute({ port: 1 }, "one.test", backend.port),
      ],
      trustedProxies: ["everyone"],
    });
    const bad = { name: "bad", pem: "nothing", hostnames: ["bad.test"] };
    const applied = await engine.apply({ ...state, certificates: [...state.certificates, bad] });
    assert.deepEqual(
      applied.problems.map(({ kind, subject }) => `${kind} ${subject}`),
      [
        `route ${port} bad name;disable frontend port`,
        `route ${port} a.test\nshutdown`,
        `route ${port} zero.test`,
        `route ${port} zone.test`,
        `route ${port} name.test`,
        "route 1 one.test",
        "firewall everyone",
        "certificate bad",
      ],
    );
    assert.equal((await ask({ port, name: "one.test", ca: certificate.certificate })).status, 200);
  });
});

function disposableAgent(): Agent & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() });
}
