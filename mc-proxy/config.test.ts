import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { configSchema, engineDirectory, keptCertificatesDirectory } from "./config.ts";
import { desiredState } from "./control/desired-state.ts";
import { chooseCertificates } from "./certificates/choose.ts";
import { defaultLimits } from "./engine/limits.ts";

describe("the configuration", () => {
  test("may be empty: all has a default", () => {
    const config = configSchema.parse({});
    assert.deepEqual(config.listen, { addresses: ["0.0.0.0"], ports: [443], any_port: false });
    assert.equal(config.admin.socket_mode, 0o660);
    assert.equal(engineDirectory(config), "/srv/mc-proxy/run/haproxy");
    assert.equal(keptCertificatesDirectory(config), "/srv/mc-proxy/run/certificates");
  });

  test("becomes what the data plane is told", () => {
    const config = configSchema.parse({
      listen: { addresses: ["192.0.2.1", "2001:db8::1"], ports: [443, 8443, 443] },
      http: { listen_addr: ":80", acme_backend: "127.0.0.1:5002" },
      tls_alpn: { backend: "[::1]:5003" },
      proxy_protocol: { trusted: ["10.0.0.7/8"] },
      backend: { ca_cert: "/ca.pem" },
      metrics: { haproxy_listen: "127.0.0.1:9102" },
    });
    const desired = desiredState({
      config,
      routes: [],
      rules: [{ id: "a", action: "deny", source: { country: "KP" }, port: 0, comment: "x" }],
      choice: chooseCertificates([], 0),
      countryNetworks: { KP: ["203.0.113.0/24"] },
      maintenancePage: undefined,
    });
    assert.deepEqual(desired, {
      listeners: [
        { address: "192.0.2.1", port: 443 },
        { address: "2001:db8::1", port: 443 },
        { address: "192.0.2.1", port: 8443 },
        { address: "2001:db8::1", port: 8443 },
      ],
      http: {
        listen: [{ host: "0.0.0.0", port: 80 }],
        redirectPort: 443,
        acmeBackend: { host: "127.0.0.1", port: 5002 },
      },
      routes: [],
      certificates: [],
      firewall: {
        rules: [{ action: "deny", country: "KP", port: 0 }],
        countryNetworks: { KP: ["203.0.113.0/24"] },
      },
      limits: defaultLimits,
      trustedProxies: ["10.0.0.0/8"],
      tlsAlpnBackend: { host: "::1", port: 5003 },
      backendCaFile: "/ca.pem",
      metrics: { host: "127.0.0.1", port: 9102 },
    });
  });

  test("is explained in the guide, key by key", () => {
    const guide = readFileSync(new URL("../docs/mc-proxy.md", import.meta.url), "utf8");
    const sections = Object.entries(configSchema.parse({})).filter(([name]) => name !== "snapshot");
    const keys = sections.flatMap(([name, section]) => Object.keys(section).map((key) => `${name}.${key}`));
    assert.deepEqual(
      keys.filter((key) => !guide.includes(`| \`${key}\` |`)),
      [],
    );
    assert.ok(keys.length > 30);
  });

  const refused: readonly [string, unknown][] = [
    ["an unknown section", { tls: {} }],
    ["a host name to listen on", { listen: { addresses: ["localhost"] } }],
    ["port 0", { listen: { ports: [0] } }],
    ["a mode that is none", { admin: { socket_mode: "0999" } }],
    ["metrics for everybody", { metrics: { listen: "0.0.0.0:9101" } }],
    ["a trusted name", { proxy_protocol: { trusted: ["edge.example.org"] } }],
    ["an ACME backend by name", { http: { acme_backend: "localhost:80" } }],
    ["no time to connect", { limits: { connect_timeout: "0s" } }],
  ];
  for (const [what, content] of refused) {
    test(`is refused with ${what}`, () => {
      assert.equal(configSchema.safeParse(content).success, false);
    });
  }
});
