import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { RouteMode } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { ask } from "../haproxy/test/ask.ts";
import { echoServer } from "../haproxy/test/backends.ts";
import { aRouteOf, startRunningProxy } from "./running-proxy.ts";

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

describe("a proxy with everything on", () => {
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
