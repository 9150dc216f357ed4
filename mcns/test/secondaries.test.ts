import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { type DnsServer, startDnsServer } from "../listen/dns-server.ts";
import { type Daemon, run, startDaemon } from "./processes.ts";
import { createServedZones, dnsSettings, type ServedZones, testKey } from "./served-zones.ts";

const zone = "example.org";
const secret = Buffer.from(testKey.secret).toString("base64");
const keyOption = `${testKey.algorithm}:${testKey.name}:${secret}`;

interface Secondary {
  readonly name: string;
  /** In its log when it has taken an incremental transfer. */
  readonly incremental: RegExp;
  start(directory: string, ports: { own: number; primary: number }): Daemon;
}

const knot: Secondary = {
  name: "Knot",
  incremental: /\[example\.org\.\] IXFR, incoming.*finished/,
  start(directory, { own, primary }) {
    const file = join(directory, "knot.conf");
    writeFileSync(
      file,
      `server:
    rundir: ${directory}
    listen: 127.0.0.1@${own}
log:
  - target: stderr
    any: info
database:
    storage: ${directory}
key:
  - id: ${testKey.name}
    algorithm: ${testKey.algorithm}
    secret: ${secret}
remote:
  - id: primary
    address: 127.0.0.1@${primary}
    key: ${testKey.name}
acl:
  - id: local
    address: 127.0.0.1
    action: [notify, transfer]
zone:
  - domain: ${zone}
    storage: ${directory}
    master: primary
    acl: local
`,
    );
    return startDaemon("knotd", ["--config", file]);
  },
};

const bind: Secondary = {
  name: "BIND",
  incremental: /got incremental response/,
  start(directory, { own, primary }) {
    const file = join(directory, "named.conf");
    writeFileSync(
      file,
      `options {
  directory "${directory}";
  pid-file none;
  session-keyfile none;
  listen-on port ${own} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
  notify no;
  allow-transfer { 127.0.0.1; };
};
controls { };
key "${testKey.name}" { algorithm ${testKey.algorithm}; secret "${secret}"; };
zone "${zone}" {
  type secondary;
  file "${directory}/${zone}.db";
  primaries { 127.0.0.1 port ${primary} key "${testKey.name}"; };
};
`,
    );
    return startDaemon("named", ["-g", "-d", "3", "-c", file]);
  },
};

/** All records that a server has, in an order of their own, with the serial number. */
async function zoneAt(port: number, ...options: string[]): Promise<string[]> {
  const args = ["@127.0.0.1", "-p", String(port), ...options, "+noall", "+answer", "+onesoa", zone, "AXFR"];
  const { output } = await run("dig", args);
  return output
    .split("\n")
    .filter((line) => /\tIN\t/.test(line))
    .map((line) => line.replaceAll(/[\t ]+/g, " ").toLowerCase())
    .toSorted();
}

describe("stock secondaries", () => {
  const resources = new AsyncDisposableStack();
  let zones: ServedZones;
  let server: DnsServer;
  const running: { secondary: Secondary; port: number; daemon: Daemon }[] = [];

  before(async () => {
    zones = resources.use(await createServedZones());
    const ports = [await freePort(), await freePort()];
    // Large enough for a transfer of several messages.
    const hosts = Array.from(
      { length: 1_200 },
      (_, host) => `host-${host} TXT "${"x".repeat(host % 200)} ${host}"`,
    );
    const zoneFile = readFileSync(new URL(`zones/${zone}.zone`, import.meta.url), "utf8");
    zones.add(zone, [zoneFile, ...hosts, ""].join("\n"), {
      transferKeys: [testKey.name],
      notify: ports.map((port) => `127.0.0.1:${port}`),
    });
    server = resources.use(
      await startDnsServer({
        settings: dnsSettings(),
        source: zones.store,
        keys: zones.keys,
        clock: systemClock,
        logger: zones.log.logger,
      }),
    );
    for (const [index, secondary] of [knot, bind].entries()) {
      const directory = join(zones.directory, secondary.name);
      mkdirSync(directory);
      const own = ports[index] ?? 0;
      const daemon = secondary.start(directory, { own, primary: server.addresses[0]?.port ?? 0 });
      running.push({ secondary, port: own, daemon: resources.use(daemon) });
    }
  });
  after(() => resources.disposeAsync());

  const ours = (): Promise<string[]> => zoneAt(server.addresses[0]?.port ?? 0, "-y", keyOption);

  async function areSame(): Promise<void> {
    const expected = await ours();
    assert.ok(expected.length > 1_200, `the primary has ${expected.length} records`);
    for (const { secondary, port, daemon } of running) {
      await eventually(async () => {
        assert.deepEqual(
          await zoneAt(port),
          expected,
          `${secondary.name}:\n${daemon.log.slice(-20).join("\n")}`,
        );
      }, 120_000);
    }
  }

  test("take the whole zone by a signed AXFR", async () => {
    await areSame();
  });

  test("are told of changes, and take them by IXFR", async () => {
    zones.insert(zone, "added", "A", "192.0.2.177");
    zones.insert(zone, "host-1", "A", "192.0.2.178");
    const removed = zones.store.listRecords(zone, {
      name: `host-7.${zone}`,
      type: undefined,
      after: undefined,
      limit: 1,
    });
    zones.store.edit(zone, "test", (edit) => removed.forEach((record) => edit.remove(record)));
    assert.equal(removed.length, 1);
    await areSame();
    for (const { secondary, daemon } of running) {
      assert.ok(
        daemon.log.some((line) => secondary.incremental.test(line)),
        `${secondary.name} took no IXFR:\n${daemon.log.slice(-30).join("\n")}`,
      );
    }
  });

  test("get the whole zone when the journal does not reach back", async () => {
    const { output } = await run("dig", [
      ...["@127.0.0.1", "-p", String(server.addresses[0]?.port), "-y", keyOption],
      ...["+noall", "+answer", zone, "IXFR=1"],
    ]);
    assert.ok(output.split("\n").length > 1_200);
  });

  test("that are up to date, or ask by UDP, get the SOA record alone", async () => {
    const { serial } = zones.store.require(zone);
    for (const options of [
      ["+tcp", `IXFR=${serial}`],
      ["+tcp", `IXFR=${serial + 5}`],
      ["+notcp", "IXFR=1"],
    ]) {
      const { output } = await run("dig", [
        ...["@127.0.0.1", "-p", String(server.addresses[0]?.port), "-y", keyOption],
        ...["+noall", "+answer", zone, ...options],
      ]);
      const records = output.split("\n").filter((line) => /\tIN\t/.test(line));
      assert.equal(records.length, 1, output);
      assert.match(records[0] ?? "", new RegExp(`SOA.* ${serial} `));
    }
  });

  test("without the right key get nothing", async () => {
    const port = server.addresses[0]?.port ?? 0;
    const other = `hmac-sha256:${testKey.name}:${Buffer.alloc(32, 7).toString("base64")}`;
    const refusals = [[], ["-y", other], ["-y", `hmac-sha512:${testKey.name}:${secret}`]];
    for (const options of refusals) assert.deepEqual(await zoneAt(port, ...options), []);
    const { output } = await run("dig", ["@127.0.0.1", "-p", String(port), zone, "SOA", "-y", other]);
    assert.match(output, /status: NOTAUTH/);
    assert.match(output, /BADSIG/);
  });
});
