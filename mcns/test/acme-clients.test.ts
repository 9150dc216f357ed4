import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { selfSigned } from "@metacircular/testkit/self-signed.ts";
import { startDnsServer } from "../listen/dns-server.ts";
import { recordTypes } from "../wire/record-type.ts";
import { run, startDaemon } from "./processes.ts";
import { createServedZones, dnsSettings, type ServedZones, testKey } from "./served-zones.ts";

const zone = "example.org";
const secret = Buffer.from(testKey.secret).toString("base64");

/** Pebble looks for the challenges on our server. */
describe("stock ACME clients that prove a name by dynamic updates", () => {
  const resources = new AsyncDisposableStack();
  let zones: ServedZones;
  let dnsPort = 0;
  let directoryUrl = "";
  let trust = "";

  before(async () => {
    zones = resources.use(await createServedZones());
    const zoneFile = "$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 127.0.0.1\n";
    zones.add(zone, zoneFile, { updateKeys: [testKey.name] });
    const server = resources.use(
      await startDnsServer({
        settings: dnsSettings(),
        source: zones.store,
        keys: zones.keys,
        clock: systemClock,
        logger: zones.log.logger,
      }),
    );
    dnsPort = server.addresses[0]?.port ?? 0;
    const { certificate, key } = await selfSigned("localhost");
    trust = join(zones.directory, "pebble.pem");
    writeFileSync(trust, certificate);
    writeFileSync(join(zones.directory, "pebble.key"), key);
    const port = await freePort();
    directoryUrl = `https://localhost:${port}/dir`;
    const configuration = {
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${await freePort()}`,
        certificate: trust,
        privateKey: join(zones.directory, "pebble.key"),
        httpPort: await freePort(),
        tlsPort: await freePort(),
      },
    };
    const file = join(zones.directory, "pebble.json");
    writeFileSync(file, JSON.stringify(configuration));
    const quick = ["PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"];
    const pebble = resources.use(
      startDaemon("env", [...quick, "pebble", "-config", file, "-dnsserver", `127.0.0.1:${dnsPort}`]),
    );
    await eventually(async () => {
      const { code } = await run("curl", ["--silent", "--fail", "--cacert", trust, directoryUrl]);
      assert.equal(code, 0, pebble.log.join("\n"));
    });
  });
  after(() => resources.disposeAsync());

  /** Challenges were set and removed: the journal knows both. */
  function challengesAt(name: string, fromSerial: number): { added: number; removed: number } {
    const changes = zones.store.changes(zone, fromSerial) ?? [];
    const count = (side: "added" | "removed"): number =>
      changes
        .flatMap((change) => change[side])
        .filter((record) => record.name === name && record.type === recordTypes.TXT).length;
    return { added: count("added"), removed: count("removed") };
  }

  test("lego gets a certificate for a name and a wildcard", async () => {
    const before = zones.store.require(zone).serial;
    const { code, output } = await run(
      "lego",
      [
        ...["--server", directoryUrl, "--email", "test@example.org", "--accept-tos"],
        ...["--path", join(zones.directory, "lego"), "--dns", "rfc2136", "--dns.disable-cp"],
        ...["--dns.resolvers", `127.0.0.1:${dnsPort}`],
        ...["--domains", "lego.example.org", "--domains", "*.lego.example.org", "run"],
      ],
      {
        environment: {
          LEGO_CA_CERTIFICATES: trust,
          RFC2136_NAMESERVER: `127.0.0.1:${dnsPort}`,
          RFC2136_TSIG_KEY: testKey.name,
          RFC2136_SEQUENCE_INTERVAL: "1",
          RFC2136_POLLING_INTERVAL: "1",
          RFC2136_TSIG_SECRET: secret,
          RFC2136_TSIG_ALGORITHM: `${testKey.algorithm}.`,
        },
      },
    );
    assert.equal(code, 0, output);
    const { added, removed } = challengesAt("_acme-challenge.lego.example.org", before);
    assert.ok(added > 0 && added === removed, `${added} challenges were set, ${removed} removed`);
  });

  test("certbot gets a certificate for a name and a wildcard", async () => {
    const before = zones.store.require(zone).serial;
    const credentials = join(zones.directory, "rfc2136.ini");
    writeFileSync(
      credentials,
      `dns_rfc2136_server = 127.0.0.1
dns_rfc2136_port = ${dnsPort}
dns_rfc2136_name = ${testKey.name}.
dns_rfc2136_secret = ${secret}
dns_rfc2136_algorithm = HMAC-SHA256
`,
      { mode: 0o600 },
    );
    const own = (name: string): string => join(zones.directory, "certbot", name);
    const { code, output } = await run(
      "certbot",
      [
        ...["certonly", "--non-interactive", "--agree-tos", "--email", "test@example.org", "--no-eff-email"],
        ...["--server", directoryUrl, "--dns-rfc2136", "--dns-rfc2136-credentials", credentials],
        ...["--dns-rfc2136-propagation-seconds", "0"],
        ...["--config-dir", own("config"), "--work-dir", own("work"), "--logs-dir", own("logs")],
        ...["-d", "certbot.example.org", "-d", "*.certbot.example.org"],
      ],
      { environment: { REQUESTS_CA_BUNDLE: trust } },
    );
    assert.equal(code, 0, output);
    const { added, removed } = challengesAt("_acme-challenge.certbot.example.org", before);
    assert.ok(added > 0 && added === removed, `${added} challenges were set, ${removed} removed`);
  });
});
