import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { RouteMode } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { ask } from "../haproxy/test/ask.ts";
import { echoServer } from "../haproxy/test/backends.ts";
import { startLoad } from "./load.ts";
import { aRouteOf, type RunningProxy, startRunningProxy } from "./running-proxy.ts";

describe("two proxies, edge before origin", () => {
  test("keep the client's address by PROXY protocol, and headers that clients make up are dropped", async () => {
    await using edge = await startRunningProxy();
    await using origin = await startRunningProxy({ config: { proxy_protocol: 'trusted = ["127.0.0.1"]' } });
    await using backend = await echoServer("app");
    await origin.client.addRoute(aRouteOf(origin, "one.test", backend.port));
    await edge.client.addRoute({
      port: edge.port,
      hostname: "one.test",
      mode: RouteMode.L4,
      backend: `127.0.0.1:${origin.port}`,
      sendProxyProtocol: true,
    });
    const answer = await ask({
      port: edge.port,
      name: "one.test",
      ca: origin.certificate.certificate,
      localAddress: "127.0.0.77",
      headers: { "x-forwarded-for": "8.8.8.8", "x-real-ip": "8.8.8.8" },
    });
    assert.equal(answer.echo().name, "app");
    assert.equal(answer.echo().headers["x-forwarded-for"], "127.0.0.77");
    assert.equal(answer.echo().headers["x-forwarded-proto"], "https");
    assert.doesNotMatch(JSON.stringify(answer.echo().headers), /8\.8\.8\.8/u);
  });
});

describe("a backend that is replaced", () => {
  test("is drained when its last request has ended, and no request fails meanwhile", async () => {
    await using proxy = await startRunningProxy();
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    await using old = await echoServer("old", (request, response) => {
      if (request.url !== "/slow") return void response.end("old");
      arrived.resolve();
      void held.promise.then(() => response.end("slow"));
    });
    await using next = await echoServer("new");
    const question = { port: proxy.port, name: "one.test", ca: proxy.certificate.certificate };
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", old.port));
    await using load = startLoad(question);
    await load.more(20);
    const slow = ask({ ...question, path: "/slow" });
    await arrived.promise;
    assert.ok((await connectionsOf(proxy)) >= 1);
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", next.port));
    assert.equal((await ask(question)).echo().name, "new");
    await eventually(async () => {
      assert.equal(await proxy.client.drainBackend(`127.0.0.1:${old.port}`, 0), 1);
    });
    const drained = proxy.client.drainBackend(`127.0.0.1:${old.port}`, 20_000);
    held.resolve();
    assert.equal(await drained, 0);
    assert.equal((await slow).text, "slow");
    await load.more(20);
    assert.deepEqual(load.failures, []);
  });
});

async function connectionsOf({ client }: RunningProxy): Promise<number> {
  return (await client.listRoutes())[0]?.connections ?? 0;
}

test("a port that comes with a route, and goes with it, costs no request on the others", async () => {
  await using proxy = await startRunningProxy({ config: { listen: "any_port = true" } });
  await using backend = await echoServer("app");
  const question = { port: proxy.port, name: "one.test", ca: proxy.certificate.certificate };
  await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
  await using load = startLoad(question);
  for (let round = 0; round < 3; round += 1) {
    const port = await freePort();
    await load.more(20);
    await proxy.client.addRoute(aRouteOf({ port }, "one.test", backend.port));
    assert.equal((await ask({ ...question, port })).status, 200);
    await proxy.client.removeRoute({ port, hostname: "one.test" });
    await eventually(() => assert.rejects(ask({ ...question, port })));
  }
  await load.more(20);
  assert.deepEqual(load.failures, []);
});

test("a route whose port another program has is refused, and costs no request on the others", async () => {
  await using proxy = await startRunningProxy({ config: { listen: "any_port = true" } });
  await using backend = await echoServer("app");
  const question = { port: proxy.port, name: "one.test", ca: proxy.certificate.certificate };
  await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
  await using load = startLoad(question);
  await load.more(20);
  await assert.rejects(proxy.client.addRoute(aRouteOf({ port: backend.port }, "one.test", backend.port)), {
    code: "ROUTE_PORT_UNUSABLE",
    category: "failed-precondition",
  });
  await load.more(20);
  assert.deepEqual(load.failures, []);
  const { ports, problems } = await proxy.client.status();
  assert.deepEqual([ports, problems], [[proxy.port], []]);
});

describe("the maintenance page", () => {
  test("is the configured one, and is there until maintenance ends", async () => {
    await using directory = await createTemporaryDirectory();
    const page = join(directory.path, "page.html");
    await writeFile(page, "<h1>Back at noon</h1>");
    await using proxy = await startRunningProxy({ config: { maintenance: `page_file = "${page}"` } });
    await using backend = await echoServer("app");
    const question = { port: proxy.port, name: "one.test", ca: proxy.certificate.certificate };
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
    const key = { port: proxy.port, hostname: "one.test" };
    await proxy.client.setMaintenance(key, true);
    const answer = await ask(question);
    assert.deepEqual([answer.status, answer.text], [503, "<h1>Back at noon</h1>"]);
    await writeFile(page, "<h1>Back at one</h1>");
    await eventually(async () => assert.match((await ask(question)).text, /at one/u));
    await proxy.client.setMaintenance(key, false);
    assert.equal((await ask(question)).echo().name, "app");
  });
});

describe("the firewall", () => {
  test("refuses countries of its table, and lets in whom a rule allows all the same", async () => {
    await using directory = await createTemporaryDirectory();
    const table = join(directory.path, "geoip.csv");
    await writeFile(table, "127.0.0.64,127.0.0.95,KP\n");
    await using proxy = await startRunningProxy({ config: { firewall: `geoip_file = "${table}"` } });
    await using backend = await echoServer("app");
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
    const from = (localAddress: string) =>
      ask({ port: proxy.port, name: "one.test", ca: proxy.certificate.certificate, localAddress });
    assert.equal((await from("127.0.0.77")).status, 200);
    await proxy.client.addFirewallRule({ id: "kp", action: 1, source: { case: "country", value: "KP" } });
    await assert.rejects(from("127.0.0.77"));
    assert.equal((await from("127.0.0.1")).status, 200);
    await proxy.client.addFirewallRule({
      id: "friend",
      action: 2,
      source: { case: "cidr", value: "127.0.0.77" },
    });
    assert.equal((await from("127.0.0.77")).status, 200);
    await proxy.client.removeFirewallRule("friend");
    await assert.rejects(from("127.0.0.77"));
  });
});
