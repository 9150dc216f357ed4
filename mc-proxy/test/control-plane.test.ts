import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { FirewallAction, RouteMode } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { selfSigned, selfSignedFor } from "@metacircular/testkit/self-signed.ts";
import type { Drift } from "../engine/engine.ts";
import { aRoute, startControlPlane } from "./control-plane.ts";
import { FakeEngine } from "./fake-engine.ts";

describe("what is stored", () => {
  test("is restored when the proxy starts again", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    await proxy.client.addRoute(aRoute({ maxBodyBytes: 5n, rateLimit: 7 }));
    const source = { case: "cidr", value: "10.0.0.0/8" } as const;
    await proxy.client.addFirewallRule({ id: "a", action: FirewallAction.DENY, source });
    await proxy.stop();
    assert.equal(engine.ended, "stopped");
    await using _again = await proxy.again();
    const [listed] = await proxy.client.listRoutes();
    assert.deepEqual(
      [listed?.route?.maxBodyBytes, listed?.route?.rateLimit, listed?.route?.owner],
      [5n, 7, "hello/web"],
    );
    assert.equal((await proxy.client.listFirewallRules()).length, 1);
    assert.equal(engine.current?.routes.length, 1);
  });

  test("leaves the data plane running at the end where it is configured so", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine, overrides: { haproxy: { keep_running: true } } });
    await proxy.stop();
    assert.equal(engine.ended, "released");
  });

  test("belongs to one proxy, and so do the socket and HAProxy's directory", async () => {
    await using proxy = await startControlPlane();
    await assert.rejects(proxy.again(), { code: "PROXY_ALREADY_RUNS", message: /database/u });
    const database = { path: join(proxy.root, "other.db") };
    await assert.rejects(proxy.again({ database }), { code: "PROXY_ALREADY_RUNS", message: /admin socket/u });
    const others = {
      database,
      admin: { socket: join(proxy.root, "run", "other.sock") },
      haproxy: { directory: join(proxy.root, "run", "haproxy") },
    };
    await assert.rejects(proxy.again(others), {
      code: "PROXY_ALREADY_RUNS",
      message: /directory of HAProxy/u,
    });
    assert.equal((await proxy.client.status()).version, "1.2.3");
  });

  test("is shown as a problem where its port is not listened on any more", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    await proxy.client.addRoute(aRoute({ port: 8443, mode: RouteMode.L4 }));
    await proxy.stop();
    await using _again = await proxy.again({ listen: { addresses: ["127.0.0.1"], ports: [443] } });
    assert.match((await proxy.client.status()).problems.join(), /hello\.example\.org:8443 is not served/u);
    assert.deepEqual(engine.current?.routes, []);
  });
});

describe("certificates", () => {
  test("are served as soon as they come, and their lack is shown until then", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    const { client } = proxy;
    await client.addRoute(aRoute());
    assert.match((await client.status()).problems.join(), /hello\.example\.org:443 has no certificate/u);
    assert.equal((await client.listRoutes())[0]?.certificateNotAfter, undefined);

    const certificate = await selfSigned("hello.example.org");
    await writeFile(join(proxy.root, "certs", "hello.example.org.pem"), certificate.pem, { mode: 0o600 });
    await eventually(async () => assert.deepEqual((await client.status()).problems, []));
    assert.deepEqual(engine.current?.certificates[0]?.hostnames, ["hello.example.org"]);
    const notAfter = (await client.listRoutes())[0]?.certificateNotAfter;
    assert.ok(notAfter !== undefined && timestampMs(notAfter) > Date.now());
    assert.doesNotMatch(proxy.lines.join(""), /PRIVATE KEY-----/u);
  });

  test("are read at once on request, and broken files are told", async () => {
    await using proxy = await startControlPlane({ overrides: { reconcile: { interval: "1h" } } });
    await writeFile(join(proxy.root, "certs", "a.pem"), (await selfSigned("a.example.org")).pem, {
      mode: 0o600,
    });
    await writeFile(join(proxy.root, "certs", "b.pem"), "broken", { mode: 0o600 });
    const reloaded = await proxy.client.reloadCertificates();
    assert.equal(reloaded.certificates, 1);
    assert.match(reloaded.problems.join(), /b\.pem: it has no private key/u);
    assert.deepEqual((await proxy.client.status()).problems, reloaded.problems);
  });

  test("change with the time: one that ends gives way, and a problem is shown", async () => {
    const engine = new FakeEngine();
    await using proxy = await startControlPlane({ engine });
    const [short, wild] = await Promise.all([
      selfSignedFor(1, ["a.example.org"]),
      selfSignedFor(9, ["*.example.org"]),
    ]);
    await writeFile(join(proxy.root, "certs", "short.pem"), short.pem, { mode: 0o600 });
    await writeFile(join(proxy.root, "certs", "wild.pem"), wild.pem, { mode: 0o600 });
    await proxy.client.reloadCertificates();
    assert.equal(engine.current?.certificates.length, 2);
    proxy.clock.aheadMs = 2 * 86_400_000;
    await eventually(() =>
      assert.deepEqual(
        engine.current?.certificates.map(({ name }) => name),
        ["wild"],
      ),
    );
    // The status tells it when the data plane has taken the change.
    await eventually(async () => {
      assert.match((await proxy.client.status()).problems.join(), /short\.pem: it ended at/u);
    });
  });
});

test("repairs of drift are counted and logged, and a data plane that cannot be compared is a problem", async () => {
  const engine = new FakeEngine();
  await using proxy = await startControlPlane({ engine });
  const nothing = { repaired: [], count: 0 };
  let found: Drift = { repaired: ["map entry missing"], count: 1 };
  // Once, however often it looks.
  engine.check = async () => {
    const drift = found;
    found = nothing;
    return drift;
  };
  await eventually(async () => assert.equal((await proxy.client.status()).dataPlane?.repaired, 1));
  assert.match(proxy.lines.join(""), /map entry missing/u);
  engine.check = async () => {
    throw new Error("it does not answer");
  };
  await eventually(async () => {
    assert.match((await proxy.client.status()).problems.join(), /could not be compared.*does not answer/u);
  });
});
