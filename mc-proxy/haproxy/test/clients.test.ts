import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { suite, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { ask } from "./ask.ts";
import { type Echo, echoServer, echoTlsServer, rawServer } from "./backends.ts";
import { aRoute, aState, createDataPlane, type TestDataPlane } from "./data-plane.ts";
import type { FirewallRule } from "../../engine/desired-state.ts";

suite("clients", () => {
  test("the backend is told who asks and how, whatever the client says of itself", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    const lies = {
      "x-forwarded-for": "6.6.6.6",
      "X-FORWARDED-PROTO": "gopher",
      "x-forwarded-host": "evil.test",
      "x-forwarded-port": "1",
      x_forwarded_for: "6.6.6.6",
      "x-forwarded_for": "6.6.6.6",
      "x.forwarded.for": "6.6.6.6",
      "x-forwarded-user": "root",
      "x-real-ip": "6.6.6.6",
      forwarded: "for=6.6.6.6",
      proxy: "http://evil.test",
      harmless: "kept",
    };
    const answer = await ask({ port, name: "one.test", ca: certificate.certificate, headers: lies });
    const { host, connection, ...headers } = answer.echo().headers;
    assert.equal(host, "one.test");
    assert.ok(connection === undefined || connection === "keep-alive");
    assert.deepEqual(headers, {
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "one.test",
      "x-forwarded-port": String(port),
      forwarded: 'for="127.0.0.1";host="one.test";proto=https',
      harmless: "kept",
    });
  });

  test("nobody has the proxy's headers dropped as if they were for one hop", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    const headers = { connection: "close, X-Forwarded-For" };
    assert.equal((await ask({ port, name: "one.test", ca: certificate.certificate, headers })).status, 400);
  });

  test("a backend is not asked to change to HTTP/2 on its connection, which would be a tunnel past the rules", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    for (const upgrade of ["h2c", "H2C", "other, h2c"]) {
      const headers = {
        upgrade,
        connection: "Upgrade, HTTP2-Settings",
        "http2-settings": "AAMAAABkAAQAAP__",
      };
      const answer = await ask({ port, name: "one.test", ca: certificate.certificate, headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.echo().headers["upgrade"], undefined, upgrade);
      assert.equal(answer.echo().headers["http2-settings"], undefined, upgrade);
    }
  });

  test("a listed peer says by PROXY protocol who its client is, and then that client counts", async () => {
    await using plane = await createDataPlane();
    const { certificate, engine } = plane;
    await using backend = await echoServer("backend");
    const routes = [aRoute(plane, "one.test", backend.port)];
    const limits = { ...aState(plane).limits, helloTimeoutMs: 1_500 };
    await engine.apply(aState(plane, { routes, limits, trustedProxies: ["127.0.0.7/32", "10.0.0.0/8"] }));

    const relayed = await askBehindHeader(
      plane,
      "PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n",
      "127.0.0.7",
    );
    assert.equal(relayed?.headers["x-forwarded-for"], "203.0.113.9");
    const six = await askBehindHeader(plane, "PROXY TCP6 2001:db8::9 ::1 4711 443\r\n", "127.0.0.7");
    assert.equal(six?.headers["x-forwarded-for"], "2001:db8::9");
    assert.equal(six.headers["forwarded"], 'for="[2001:db8::9]";host="one.test";proto=https');
    assert.equal(
      await askBehindHeader(plane, "", "127.0.0.7"),
      undefined,
      "a listed peer without the header",
    );
    assert.equal(
      await askBehindHeader(plane, "PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n", "127.0.0.8"),
      undefined,
      "a peer that is not listed",
    );
    const own = await ask({ port: plane.port, name: "one.test", ca: certificate.certificate });
    assert.equal(own.status, 200);

    const rules: FirewallRule[] = [{ action: "deny", cidr: "203.0.113.0/24", port: 0 }];
    await engine.apply(
      aState(plane, { routes, trustedProxies: ["127.0.0.7"], firewall: { rules, countryNetworks: {} } }),
    );
    assert.equal(
      await askBehindHeader(plane, "PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n", "127.0.0.7"),
      undefined,
      "a client that is denied",
    );
  });

  test("an L4 backend gets the PROXY protocol, version 2, where its route says so", async () => {
    await using plane = await createDataPlane();
    const { port, engine } = plane;
    const firstBytes: Buffer[] = [];
    const keep = (socket: Socket): void =>
      void socket.once("data", (data: Buffer) => {
        firstBytes.push(data);
        socket.end();
      });
    await using backend = await rawServer(keep);
    for (const sendProxyProtocol of [true, false]) {
      const route = aRoute(plane, "one.test", backend.port, { mode: "l4", sendProxyProtocol });
      await engine.apply(aState(plane, { routes: [route] }));
      const tcp = connectTcp({ host: "127.0.0.1", port, localAddress: "127.0.0.9" });
      await textOf(connectTls({ socket: tcp, servername: "one.test" }));
    }
    const [withHeader, without] = firstBytes;
    assert.equal(withHeader?.subarray(0, 12).toString("latin1"), "\r\n\r\n\0\r\nQUIT\n");
    assert.equal(withHeader[12], 0x21, "version 2, on behalf of a client");
    assert.deepEqual([...withHeader.subarray(16, 20)], [127, 0, 0, 9]);
    assert.equal(without?.[0], 0x16, "a TLS handshake");
  });

  test("rules for networks and countries hold at their port, and what allows overrules", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    const routes = [aRoute(plane, "one.test", backend.port)];
    const countryNetworks = { XX: ["127.0.1.0/24", "127.0.2.0/24"], YY: ["127.0.3.0/24"] };
    const served = async (localAddress: string): Promise<boolean> =>
      ask({ port, name: "one.test", ca: certificate.certificate, localAddress }).then(
        ({ status }) => status === 200,
        () => false,
      );
    const servedWith = async (...rules: FirewallRule[]): Promise<boolean[]> => {
      const { reloaded, problems } = await engine.apply(
        aState(plane, { routes, firewall: { rules, countryNetworks } }),
      );
      assert.deepEqual({ reloaded, problems }, { reloaded: false, problems: [] });
      return Promise.all(["127.0.1.1", "127.0.2.1", "127.0.3.1", "127.0.4.1"].map(served));
    };
    await engine.apply(aState(plane, { routes }));
    assert.deepEqual(await servedWith(), [true, true, true, true]);
    const denyXx: FirewallRule = { action: "deny", country: "XX", port };
    assert.deepEqual(await servedWith(denyXx), [false, false, true, true]);
    assert.deepEqual(await servedWith({ ...denyXx, port: 1 }), [true, true, true, true]);
    const allowNetwork: FirewallRule = { action: "allow", cidr: "127.0.2.0/25", port: 0 };
    assert.deepEqual(await servedWith(denyXx, allowNetwork), [false, true, true, true]);
    const denyAll: FirewallRule = { action: "deny", cidr: "0.0.0.0/0", port: 0 };
    const allowYy: FirewallRule = { action: "allow", country: "YY", port: 0 };
    assert.deepEqual(await servedWith(denyAll, allowYy), [false, false, true, false]);
    assert.deepEqual(await servedWith({ action: "deny", cidr: "127.0.4.1", port: 0 }), [
      true,
      true,
      true,
      false,
    ]);
  });

  test("a client is held to the rate of a route, and others are not touched by it", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    await using backend = await echoServer("backend");
    await using secure = await echoTlsServer("secure", certificate);
    const routes = [
      aRoute(plane, "one.test", backend.port, { rateLimit: 5 }),
      aRoute(plane, "two.test", secure.port, { mode: "l4", rateLimit: 5 }),
      aRoute(plane, "free.wild.test", backend.port),
    ];
    await engine.apply(aState(plane, { routes }));
    const burst = async (name: string, localAddress: string): Promise<(number | undefined)[]> =>
      Promise.all(
        Array.from({ length: 20 }, () =>
          ask({ port, name, ca, localAddress }).then(
            ({ status }) => status,
            () => undefined,
          ),
        ),
      );
    const limited = await burst("one.test", "127.0.0.21");
    assert.ok(limited.filter((status) => status === 429).length >= 5, String(limited));
    assert.ok(limited.filter((status) => status === 200).length >= 5, String(limited));
    const refused = await burst("two.test", "127.0.0.21");
    assert.ok(refused.filter((status) => status === undefined).length >= 5, String(refused));
    assert.ok(refused.filter((status) => status === 200).length >= 5, String(refused));
    assert.deepEqual(new Set(await burst("free.wild.test", "127.0.0.21")), new Set([200]));
    assert.equal((await ask({ port, name: "one.test", ca, localAddress: "127.0.0.22" })).status, 200);
    await eventually(async () =>
      assert.equal((await ask({ port, name: "one.test", ca, localAddress: "127.0.0.21" })).status, 200),
    );
  });

  test("one address cannot have more connections than the limit", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    await using backend = await echoServer("backend");
    // Otherwise the silent connections would end by themselves while a slow machine still asks.
    const limits = { ...aState(plane).limits, connectionsPerAddress: 3, helloTimeoutMs: 600_000 };
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)], limits }));
    const sockets = Array.from({ length: 3 }, () =>
      connectTcp({ port, host: "127.0.0.1", localAddress: "127.0.0.31" }),
    );
    // The kernel accepts them first, and HAProxy's threads in any order.
    await eventually(async () => assert.equal((await engine.stats()).connections, 3));
    await eventually(() => assert.rejects(ask({ port, name: "one.test", ca, localAddress: "127.0.0.31" })));
    assert.equal((await ask({ port, name: "one.test", ca, localAddress: "127.0.0.32" })).status, 200);
    for (const socket of sockets) socket.destroy();
    await eventually(async () =>
      assert.equal((await ask({ port, name: "one.test", ca, localAddress: "127.0.0.31" })).status, 200),
    );
  });
});

/** Sends something before the TLS handshake, as a proxy does; undefined: there was no answer. */
async function askBehindHeader(
  { port, certificate }: TestDataPlane,
  header: string,
  localAddress: string,
): Promise<Echo | undefined> {
  const tcp = connectTcp({ host: "127.0.0.1", port, localAddress });
  try {
    await once(tcp, "connect");
    tcp.write(header);
    const tls = connectTls({ socket: tcp, servername: "one.test", ca: certificate.certificate });
    tls.write("GET / HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n");
    const text = await textOf(tls);
    return text === "" ? undefined : (JSON.parse(text.slice(text.indexOf("\r\n\r\n{") + 4)) as Echo);
  } finally {
    tcp.destroy();
  }
}

/** Until the connection ends, in whatever way. */
async function textOf(socket: TLSSocket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => resolve());
  socket.on("close", () => resolve());
  socket.on("end", () => resolve());
  await promise;
  return Buffer.concat(chunks).toString();
}
