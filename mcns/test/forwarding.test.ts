import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { selfSigned } from "@metacircular/testkit/self-signed.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import {
  type DnsServer,
  type DnsSettings,
  startDnsServer,
  type UpstreamSettings,
} from "../listen/dns-server.ts";
import { type Daemon, run, startDaemon } from "./processes.ts";
import { createServedZones, dnsSettings, type ServedZones } from "./served-zones.ts";

const elsewhere = `$TTL 300
@ SOA ns1 hostmaster 1 3600 600 1209600 45
@ NS ns1
ns1 A 127.0.0.1
www A 198.51.100.80
short 2 A 198.51.100.2
alias CNAME www
large TXT ${Array.from({ length: 12 }, (_, part) => `"${String(part).padStart(200, "x")}"`).join(" ")}
`;

/** BIND with the zone example.com, by UDP, TCP and TLS. */
async function startUpstream(
  directory: string,
  tls: { certificate: string; key: string },
): Promise<{ daemon: Daemon; port: number; tlsPort: number }> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  writeFileSync(join(directory, "example.com.zone"), elsewhere);
  writeFileSync(join(directory, "cert.pem"), tls.certificate);
  writeFileSync(join(directory, "key.pem"), tls.key);
  writeFileSync(
    join(directory, "named.conf"),
    `tls own { cert-file "${directory}/cert.pem"; key-file "${directory}/key.pem"; };
options {
  directory "${directory}";
  pid-file none;
  session-keyfile none;
  listen-on port ${port} { 127.0.0.1; };
  listen-on port ${tlsPort} tls own { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
};
controls { };
zone "example.com" { type primary; file "example.com.zone"; };
`,
  );
  const daemon = startDaemon("named", ["-g", "-c", join(directory, "named.conf")]);
  await eventually(async () => {
    const { output } = await run("dig", ["@127.0.0.1", "-p", String(port), "+tries=1", "example.com", "SOA"]);
    assert.match(output, /NOERROR/, daemon.log.join("\n"));
  });
  return { daemon, port, tlsPort };
}

async function dig(server: DnsServer, ...args: string[]): Promise<string> {
  const port = String(server.addresses[0]?.port);
  return (await run("dig", ["@127.0.0.1", "-p", port, "+tries=1", "+timeout=60", ...args])).output;
}

describe("forwarding", () => {
  const resources = new AsyncDisposableStack();
  let zones: ServedZones;
  let directory: string;
  let tls: { certificate: string; key: string };
  let plain: UpstreamSettings;
  let secure: UpstreamSettings;
  before(async () => {
    zones = resources.use(await createServedZones());
    zones.add(
      "example.org",
      "$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\nelsewhere CNAME alias.example.com.\n",
    );
    directory = resources.use(await createTemporaryDirectory()).path;
    tls = await selfSigned("dns.example.net");
    const upstream = await startUpstream(directory, tls);
    resources.use(upstream.daemon);
    plain = { address: { host: "127.0.0.1", port: upstream.port } };
    secure = {
      address: { host: "127.0.0.1", port: upstream.tlsPort },
      tls: { serverName: "dns.example.net", ca: [tls.certificate] },
    };
  });
  after(() => resources.disposeAsync());

  function serve(
    upstreams: readonly UpstreamSettings[],
    changes: Partial<NonNullable<DnsSettings["forwarding"]>> = {},
    clock: Clock = systemClock,
  ): Promise<DnsServer> {
    const forwarding = {
      upstreams,
      clients: [{ address: "127.0.0.0", prefixBits: 8 }],
      timeoutMs: 20_000,
      inFlight: 100,
      cache: {
        entries: 1_000,
        bytes: 1_000_000,
        longestSeconds: 3_600,
        longestNegativeSeconds: 600,
        staleSeconds: 0,
      },
      ...changes,
    };
    return startDnsServer({
      settings: dnsSettings({ forwarding }),
      source: zones.store,
      keys: zones.keys,
      clock,
      logger: zones.log.logger,
    });
  }

  test("passes on what is in no own zone, and follows aliases out of them", async () => {
    await using server = await serve([plain]);
    assert.match(await dig(server, "www.example.com"), /flags: qr rd ra;[^]*198\.51\.100\.80/);
    const chained = await dig(server, "elsewhere.example.org", "+noall", "+answer");
    assert.deepEqual(
      chained
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split(/\s+/).slice(3).join(" ")),
      ["CNAME alias.example.com.", "CNAME www.example.com.", "A 198.51.100.80"],
    );
    assert.match(await dig(server, "none.example.com"), /NXDOMAIN[^]*SOA/);
  });

  test("is refused to other networks, and to who does not ask for it", async () => {
    await using closed = await serve([plain], { clients: [{ address: "10.0.0.0", prefixBits: 8 }] });
    assert.match(await dig(closed, "www.example.com"), /REFUSED/);
    assert.match(await dig(closed, "ns1.example.org", "+short"), /192\.0\.2\.1/);
    await using open = await serve([plain]);
    assert.match(await dig(open, "www.example.com", "+norec"), /REFUSED/);
  });

  test("asks by TCP what does not fit into a datagram", async () => {
    await using server = await serve([plain]);
    const truncated = await dig(server, "large.example.com", "TXT", "+ignore");
    assert.match(truncated, /flags: qr tc rd ra/);
    const whole = await dig(server, "large.example.com", "TXT", "+tcp", "+short");
    assert.equal(whole.split('" "').length, 12);
  });

  test("asks by TLS, and only a server that proves its name", async () => {
    await using server = await serve([secure]);
    assert.match(await dig(server, "www.example.com", "+short"), /198\.51\.100\.80/);
    assert.match(await dig(server, "large.example.com", "TXT", "+tcp", "+short"), /x11"/);
    for (const wrong of [
      { serverName: "other.example.net", ca: [tls.certificate] },
      { serverName: "dns.example.net", ca: [(await selfSigned("dns.example.net")).certificate] },
    ]) {
      await using distrusting = await serve([{ ...secure, tls: wrong }]);
      assert.match(await dig(distrusting, "www.example.com"), /SERVFAIL/);
    }
  });

  test("goes to the next server when one does not answer, and asks that one last for a while", async () => {
    const dead: UpstreamSettings = { address: { host: "127.0.0.1", port: await freePort() } };
    // The while ends by the clock, however long the questions take.
    const nowMs = systemClock.now();
    await using server = await serve([dead, plain], {}, { ...systemClock, now: () => nowMs });
    const failures = (): number =>
      server.families().find(({ name }) => name === "mcns_upstream_failures")?.samples[0]?.value ?? 0;
    for (const name of ["www", "alias", "short"]) {
      assert.match(await dig(server, `${name}.example.com`, "+short"), /198\.51\.100\./);
    }
    assert.equal(failures(), 1, "the dead server was asked once");
  });

  test("keeps answers for as long as they live, and longer where nobody answers any more", async () => {
    const own = resources.use(await createTemporaryDirectory()).path;
    const upstream = await startUpstream(own, tls);
    const cache = { entries: 100, bytes: 100_000, longestSeconds: 3_600, longestNegativeSeconds: 600 };
    const address = { host: "127.0.0.1", port: upstream.port };
    await using server = await serve([{ address }], {
      cache: { ...cache, staleSeconds: 60 },
      timeoutMs: 1_000,
    });
    for (const [name, status] of [
      ["www", "NOERROR"],
      ["short", "NOERROR"],
      ["none", "NXDOMAIN"],
    ] as const)
      await eventually(async () =>
        assert.match(await dig(server, `${name}.example.com`), new RegExp(status)),
      );
    await upstream.daemon[Symbol.asyncDispose]();
    const ttlOf = async (name: string): Promise<number> => {
      const output = await dig(server, `${name}.example.com`, "+noall", "+answer");
      return Number(output.split(/\s+/)[1]);
    };
    assert.match(await dig(server, "none.example.com"), /NXDOMAIN[^]*SOA/);
    await eventually(async () => assert.ok((await ttlOf("www")) < 300));
    await eventually(async () => assert.equal(await ttlOf("short"), 30, "a stale answer lives for 30 s"));
    assert.match(await dig(server, "alias.example.com"), /SERVFAIL/);
  });
});
