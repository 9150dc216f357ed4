import { freePort } from "@metacircular/testkit/free-port.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { FirewallAction, RouteMode } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createProxyClient } from "../client.ts";
import { aRoute, startControlPlane } from "./control-plane.ts";
import { FakeEngine } from "./fake-engine.ts";

describe("the admin API", () => {
  test("adds, lists, replaces and removes routes, and answers when the data plane has them", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    const { client } = proxy;
    assert.equal(await client.addRoute(aRoute()), undefined);
    assert.deepEqual(engine.current?.routes[0]?.backend, { host: "127.0.0.1", port: 8080 });
    const replaced = await client.addRoute(aRoute({ hostname: "HELLO.example.org", backend: "10.0.0.1:80" }));
    assert.equal(replaced?.backend, "127.0.0.1:8080");
    await client.addRoute(aRoute({ hostname: "a.example.org", mode: RouteMode.L4, sendProxyProtocol: true }));
    const listed = await client.listRoutes();
    assert.deepEqual(
      listed.map(({ route }) => [route?.hostname, route?.backend, route?.sendProxyProtocol]),
      [
        ["a.example.org", "127.0.0.1:8080", true],
        ["hello.example.org", "10.0.0.1:80", false],
      ],
    );
    assert.ok(listed[0]?.updated !== undefined && timestampMs(listed[0].updated) > 1e12);
    assert.equal(
      (await client.removeRoute({ port: 443, hostname: "hello.example.org" }))?.backend,
      "10.0.0.1:80",
    );
    assert.equal(await client.removeRoute({ port: 443, hostname: "hello.example.org" }), undefined);
    assert.deepEqual(
      engine.applied.at(-1)?.routes.map(({ hostname }) => hostname),
      ["a.example.org"],
    );
  });

  test("leaves the data plane alone where a route is there as asked for", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    await proxy.client.addRoute(aRoute());
    const count = engine.applied.length;
    assert.equal((await proxy.client.addRoute(aRoute()))?.owner, "hello/web");
    assert.equal(engine.applied.length, count);
  });

  test("undoes what the data plane refuses, and says why", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    const { client } = proxy;
    await client.addRoute(aRoute());
    engine.failure = new Error("no room");
    const changes = [
      () => client.addRoute(aRoute({ backend: "10.0.0.9:1" })),
      () => client.addRoute(aRoute({ hostname: "new.example.org" })),
      () => client.removeRoute({ port: 443, hostname: "hello.example.org" }),
      () => client.setMaintenance({ port: 443, hostname: "hello.example.org" }, true),
      () =>
        client.addFirewallRule({
          action: FirewallAction.DENY,
          source: { case: "cidr", value: "10.0.0.0/8" },
        }),
    ];
    for (const change of changes)
      await assert.rejects(change, {
        code: "CHANGE_NOT_APPLIED",
        category: "unavailable",
        message: /no room/u,
      });
    const backends = async () => (await client.listRoutes()).map(({ route }) => route?.backend);
    assert.deepEqual(await backends(), ["127.0.0.1:8080"]);
    assert.deepEqual(await client.listFirewallRules(), []);
    assert.match((await client.status()).problems.join(), /not as stored: no room/u);

    engine.failure = undefined;
    await eventually(async () => {
      assert.doesNotMatch((await client.status()).problems.join(), /no room/u);
    });
    assert.deepEqual(
      engine.current?.routes.map(({ backend }) => backend.port),
      [8080],
    );
  });

  test("undoes a route that is the one thing the data plane cannot do, and no other", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    engine.problems = [{ kind: "route", subject: "443 odd.example.org", found: "it is odd" }];
    await proxy.client.addRoute(aRoute());
    await assert.rejects(proxy.client.addRoute(aRoute({ hostname: "odd.example.org" })), {
      code: "CHANGE_NOT_APPLIED",
      message: /it is odd/u,
    });
    assert.equal((await proxy.client.listRoutes()).length, 1);
  });

  test("keeps the order of changes to one route, and lets others happen meanwhile", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    const ports = Array.from({ length: 40 }, (_, index) => 5_000 + index);
    await Promise.all(ports.map((port) => proxy.client.addRoute(aRoute({ backend: `127.0.0.1:${port}` }))));
    assert.deepEqual(engine.current?.routes.length, 1);
    const [listed] = await proxy.client.listRoutes();
    assert.equal(listed?.route?.backend, `127.0.0.1:${engine.applied.at(-1)?.routes[0]?.backend.port}`);
  });

  const refused: readonly [string, Record<string, unknown>, string][] = [
    ["no host name", { hostname: "" }, "ROUTE_INVALID"],
    ["a port that is not listened on", { port: 9_999 }, "ROUTE_PORT_CLOSED"],
    ["itself as backend", { backend: "127.0.0.1:8443" }, "ROUTE_INVALID"],
    ["a TLS backend without an authority", { backendProtocol: 2 }, "ROUTE_AUTHORITY_MISSING"],
  ];
  for (const [what, overrides, code] of refused) {
    test(`refuses a route with ${what}, and stores nothing`, async () => {
      await using proxy = await startControlPlane();
      await assert.rejects(proxy.client.addRoute(aRoute(overrides)), { code });
      assert.deepEqual(await proxy.client.listRoutes(), []);
    });
  }

  test("opens and closes ports with routes where any port may be used", async () => {
    const engine = new FakeEngine();
    const port = await freePort();
    const listen = { addresses: ["127.0.0.1"], ports: [443], any_port: true };
    await using proxy = await startControlPlane({ engine, overrides: { listen } });
    await proxy.client.addRoute(aRoute({ port }));
    assert.deepEqual((await proxy.client.status()).ports, [443, port]);
    assert.deepEqual(
      engine.current?.listeners.map(({ port }) => port),
      [443, port],
    );
    await proxy.client.removeRoute({ port, hostname: "hello.example.org" });
    assert.deepEqual((await proxy.client.status()).ports, [443]);
  });

  test("keeps maintenance when a route is replaced, and ends it on request", async () => {
    await using proxy = await startControlPlane();
    const { client } = proxy;
    const key = { port: 443, hostname: "hello.example.org" };
    await assert.rejects(client.setMaintenance(key, true), {
      code: "ROUTE_NOT_FOUND",
      category: "not-found",
    });
    await client.addRoute(aRoute());
    assert.equal((await client.setMaintenance(key, true))?.maintenance, true);
    await client.addRoute(aRoute({ backend: "127.0.0.1:9" }));
    assert.equal((await client.listRoutes())[0]?.route?.maintenance, true);
    assert.equal((await client.setMaintenance(key, false))?.maintenance, false);
  });

  test("adds, replaces, lists and removes firewall rules", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    const { client } = proxy;
    const source = { case: "cidr", value: "203.0.113.9/24" } as const;
    const rule = await client.addFirewallRule({ action: FirewallAction.DENY, source, comment: "scans" });
    assert.match(rule?.id ?? "", /^[\w-]{36}$/u);
    assert.deepEqual(engine.current?.firewall.rules, [{ action: "deny", cidr: "203.0.113.0/24", port: 0 }]);
    await client.addFirewallRule({ id: rule?.id ?? "", action: FirewallAction.ALLOW, source, port: 443 });
    const [listed, ...more] = await client.listFirewallRules();
    assert.deepEqual([listed?.action, listed?.port, more.length], [FirewallAction.ALLOW, 443, 0]);
    assert.equal((await client.removeFirewallRule(rule?.id ?? ""))?.port, 443);
    assert.equal(await client.removeFirewallRule(rule?.id ?? ""), undefined);
    assert.deepEqual(engine.applied.at(-1)?.firewall.rules, []);
    await assert.rejects(client.addFirewallRule({ action: FirewallAction.DENY }), {
      code: "FIREWALL_RULE_INVALID",
    });
    const country = { case: "country", value: "KP" } as const;
    await assert.rejects(client.addFirewallRule({ action: FirewallAction.DENY, source: country }), {
      code: "GEOIP_MISSING",
    });
  });

  test("gives the data plane the networks of the countries that rules name", async () => {
    const engine = new FakeEngine();
    await using directory = await createTemporaryDirectory();
    const geoip = join(directory.path, "geoip.csv");
    await writeFile(geoip, "203.0.113.0/24,KP\n198.51.100.0/24,CH\n");
    await using proxy = await startControlPlane({ engine, overrides: { firewall: { geoip_file: geoip } } });
    const source = { case: "country", value: "kp" } as const;
    await proxy.client.addFirewallRule({ action: FirewallAction.DENY, source });
    assert.deepEqual(engine.current?.firewall.countryNetworks, { KP: ["203.0.113.0/24"] });
    await writeFile(geoip, "203.0.113.0/24,KP\n198.51.100.0/24,KP\n");
    await eventually(() => assert.equal(engine.current?.firewall.countryNetworks["KP"]?.length, 2));
  });

  test("waits for a backend until it is not used, until the time is over, or until the call is given up", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    const { client } = proxy;
    engine.open = 3;
    assert.equal(await client.drainBackend("127.0.0.1:8080", 150), 3);
    engine.asked = 0;
    const waiting = client.drainBackend("127.0.0.1:8080", 60_000);
    await eventually(() => assert.ok(engine.asked > 0));
    engine.open = 0;
    assert.equal(await waiting, 0);
    engine.open = 1;
    engine.asked = 0;
    const given = new AbortController();
    const abandoned = client.drainBackend("127.0.0.1:8080", 60_000, given.signal);
    await eventually(() => assert.ok(engine.asked > 0));
    given.abort();
    await assert.rejects(abandoned, { code: "CANCELLED" });
    await eventually(() =>
      assert.match(proxy.lines.join(""), /DrainBackend","caller":"local","outcome":"CANCELLED"/u),
    );
    await assert.rejects(client.drainBackend("x", 1), { code: "BACKEND_INVALID" });
    await assert.rejects(client.drainBackend("127.0.0.1:1", 3_600_000), { code: "DRAIN_TIMEOUT_INVALID" });
  });

  test("says who may call by the permissions of its socket, and logs every call", async () => {
    await using proxy = await startControlPlane({ overrides: {} });
    assert.equal((await stat(proxy.config.admin.socket)).mode & 0o777, 0o660);
    await proxy.client.addRoute(aRoute());
    await assert.rejects(proxy.client.addRoute(aRoute({ port: 1 })));
    await eventually(() => {
      const log = proxy.lines.join("");
      assert.match(log, /AddRoute","caller":"local","outcome":"OK"/u);
      assert.match(log, /"outcome":"FAILED_PRECONDITION","errorCode":"ROUTE_PORT_CLOSED"/u);
      assert.match(log, /"change":"add route","subject":"hello.example.org:443"/u);
    });
  });

  test("lets nobody else in", async () => {
    await using proxy = await startControlPlane();
    await Promise.all([chmod(proxy.root, 0o755), chmod(join(proxy.root, "run"), 0o755)]);
    const asNobody = `
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const socket = require("node:net").connect(process.argv[1]);
      socket.on("connect", () => { console.log("connected"); socket.destroy(); });
      socket.on("error", (error) => console.log(error.code));`;
    const connect = async () =>
      (
        await promisify(execFile)(process.execPath, ["-e", asNobody, proxy.config.admin.socket])
      ).stdout.trim();
    assert.equal(await connect(), "EACCES");
    await chmod(proxy.config.admin.socket, 0o666);
    assert.equal(await connect(), "connected");
  });

  test("tells a client what to do where no proxy answers", async () => {
    await using client = createProxyClient({ socket: "/nonexistent/admin.sock", timeoutMs: 2_000 });
    await assert.rejects(client.status(), { code: "PROXY_UNREACHABLE", category: "unavailable" });
  });
});
