import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { type SelfSigned, selfSigned } from "@metacircular/testkit/self-signed.ts";
import { Networks } from "../forward/networks.ts";
import { type DnsServer, type DnsSettings, startDnsServer } from "../listen/dns-server.ts";
import { networkOf, RateLimit, subscriberOf } from "../listen/rate-limit.ts";
import { framed, FrameReader } from "../wire/frames.ts";
import { readMessage } from "../wire/message.ts";
import { queryFor } from "./packets.ts";
import { run } from "./processes.ts";
import { createServedZones, dnsSettings, type ServedZones } from "./served-zones.ts";

describe("the listeners", () => {
  const resources = new AsyncDisposableStack();
  let zones: ServedZones;
  let certificate: SelfSigned;
  before(async () => {
    zones = resources.use(await createServedZones());
    zones.add("example.org", readFileSync(new URL("zones/example.org.zone", import.meta.url), "utf8"));
    certificate = await selfSigned("dns.example.org");
  });
  after(() => resources.disposeAsync());

  function serve(changes: Partial<DnsSettings> = {}): Promise<DnsServer> {
    return startDnsServer({
      settings: dnsSettings(changes),
      source: zones.store,
      keys: zones.keys,
      clock: systemClock,
      logger: zones.log.logger,
    });
  }

  const portOf = (server: DnsServer): number => server.addresses[0]?.port ?? assert.fail();

  interface Stream {
    readonly socket: Socket;
    readonly responses: Buffer[];
    readonly closed: Promise<unknown>;
  }

  async function open(server: DnsServer): Promise<Stream> {
    const socket = connect(portOf(server), "127.0.0.1");
    const frames = new FrameReader();
    const responses: Buffer[] = [];
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => responses.push(...frames.push(bytes)));
    await once(socket, "connect");
    resources.defer(() => void socket.destroy());
    return { socket, responses, closed };
  }

  test("answer dig, drill and kdig by UDP and TCP, IPv4 and IPv6, from the address that was asked", async () => {
    const listen = ["127.0.0.1", "127.0.0.2", "::1"].map((host) => ({ host, port: 0 }));
    await using server = await serve({ listen });
    for (const { host, port } of server.addresses) {
      for (const transport of ["", "tcp"]) {
        const commands = [
          ["dig", `@${host}`, "-p", String(port), ...(transport ? ["+tcp"] : []), "www.example.org"],
          ["drill", ...(transport ? ["-t"] : []), "-p", String(port), "www.example.org", `@${host}`],
          ["kdig", `@${host}`, "-p", String(port), ...(transport ? ["+tcp"] : []), "www.example.org"],
        ];
        for (const [command = "", ...args] of commands) {
          const { output } = await run(command, args);
          assert.match(output, /192\.0\.2\.80/, `${command} ${args.join(" ")}\n${output}`);
          assert.doesNotMatch(output, /unexpected|malformed|mismatch|extra bytes/i);
        }
      }
    }
  });

  test("answer by DNS over TLS, with a certificate that can be renewed meanwhile", async () => {
    const { certificate: cert, key } = certificate;
    await using server = await serve({ tls: { listen: [{ host: "127.0.0.1", port: 0 }], cert, key } });
    const kdig = async (): Promise<string> => {
      const port = String(server.tlsAddresses[0]?.port);
      return (await run("kdig", ["-d", "@127.0.0.1", "-p", port, "+tls", "www.example.org"])).output;
    };
    assert.match(await kdig(), /TLS session[^]*192\.0\.2\.80/);
    const renewed = await selfSigned("renewed.example.org");
    server.useCertificate({ cert: renewed.certificate, key: renewed.key });
    const pin = /SHA-256 PIN: (\S+)/;
    const before = pin.exec(await kdig())?.[1];
    server.useCertificate({ cert, key });
    assert.notEqual(pin.exec(await kdig())?.[1], before);
    assert.notEqual(before, undefined);
  });

  test("answer many queries on one connection, however they are cut up", async () => {
    await using server = await serve();
    const { socket, responses } = await open(server);
    const queries = Array.from({ length: 500 }, (_, id) => framed(queryFor("www.example.org", "A", { id })));
    const bytes = Buffer.concat(queries);
    for (let at = 0; at < bytes.length; at += 777) socket.write(bytes.subarray(at, at + 777));
    await eventually(() => assert.equal(responses.length, 500));
    assert.equal(new Set(responses.map((response) => response.readUInt16BE(0))).size, 500);
  });

  test("answer all that a client asked before it closed its side", async () => {
    await using server = await serve();
    const { socket, responses, closed } = await open(server);
    for (let id = 0; id < 50; id++) socket.write(framed(queryFor("www.example.org", "A", { id })));
    socket.end();
    await closed;
    assert.equal(responses.length, 50);
  });

  test("do not pile up answers for a client that does not read them", async () => {
    for (let host = 0; host < 200; host++) zones.insert("example.org", "large", "A", `198.51.100.${host}`);
    await using server = await serve();
    const { socket, responses } = await open(server);
    socket.pause();
    const queries = 20_000;
    // 60 MB of answers: more than the buffers of the kernel hold.
    for (let id = 0; id < queries; id++) socket.write(framed(queryFor("large.example.org", "A", { id })));
    const answered = (): number =>
      server.families().find(({ name }) => name === "mcns_responses_total")?.samples[0]?.value ?? 0;
    await eventually(() => assert.ok(answered() > 0));
    let made = -1;
    await eventually(() => {
      const before = made;
      made = answered();
      assert.equal(made, before, "no more are made");
    });
    assert.ok(made < queries, `${made} answers wait`);
    socket.resume();
    await eventually(() => assert.equal(responses.length, queries));
  });

  test("close connections that are silent, or too many of one client", async () => {
    await using server = await serve({
      streams: { connections: 100, connectionsPerClient: 2, idleMs: 1_500 },
    });
    const first = await open(server);
    const second = await open(server);
    const third = await open(server);
    await third.closed;
    first.socket.write(framed(queryFor("www.example.org", "A")));
    await eventually(() => assert.equal(first.responses.length, 1));
    await Promise.all([first.closed, second.closed]);
    const again = await open(server);
    again.socket.write(framed(queryFor("www.example.org", "A")));
    await eventually(() => assert.equal(again.responses.length, 1));
  });

  test("give a network no more than its share, and let every second query beyond come back by TCP", async () => {
    await using server = await serve({
      rateLimit: { responsesPerSecond: 10, slip: 2, exempt: [] },
    });
    const socket = createSocket("udp4");
    const responses: Buffer[] = [];
    socket.on("message", (response) => responses.push(response));
    for (let id = 0; id < 100; id++) {
      socket.send(queryFor("www.example.org", "A", { id }), portOf(server), "127.0.0.1");
    }
    const dropped = (): number =>
      server.families().find(({ name }) => name === "mcns_dropped_total")?.samples[0]?.value ?? 0;
    await eventually(() => assert.equal(responses.length + dropped(), 100));
    socket.close();
    const messages = responses.map((response) => readMessage(response));
    const truncated = messages.filter(({ flags }) => (flags & 0x0200) !== 0);
    const whole = messages.filter(({ answers }) => answers.length === 2);
    assert.ok(whole.length >= 10 && whole.length < 50, `${whole.length} whole answers`);
    assert.ok(truncated.length >= 20 && truncated.every(({ answers }) => answers.length === 0));
    assert.equal(truncated.length + whole.length, messages.length);
  });

  test("log queries only when that is wanted", async () => {
    const lines = (): unknown[] => zones.log.lines.filter(({ msg }) => msg === "query");
    for (const logQueries of [false, true]) {
      await using server = await serve({ logQueries });
      await run("dig", ["@127.0.0.1", "-p", String(portOf(server)), "mail.example.org"]);
      assert.equal(lines().length, logQueries ? 1 : 0);
    }
    assert.match(JSON.stringify(lines()), /"question":"mail.example.org.","type":"A","code":"NOERROR"/);
  });
});

test("a rate limit counts by networks, refills with time, and spares who is exempt", () => {
  const now = { ms: 0 };
  const exempt = new Networks([{ address: "192.0.2.0", prefixBits: 24 }]);
  const limit = new RateLimit({ responsesPerSecond: 2, slip: 0, exempt }, () => now.ms);
  const verdicts = (address: string): string[] => Array.from({ length: 3 }, () => limit.judge(address));
  assert.deepEqual(verdicts("198.51.100.1"), ["send", "send", "drop"]);
  assert.deepEqual(verdicts("198.51.100.200"), ["drop", "drop", "drop"], "the same /24");
  assert.deepEqual(verdicts("198.51.101.1"), ["send", "send", "drop"]);
  assert.deepEqual(verdicts("192.0.2.1"), ["send", "send", "send"]);
  now.ms = 500;
  assert.deepEqual(verdicts("198.51.100.1"), ["send", "drop", "drop"]);
  assert.equal(networkOf("2001:db8:1:2ff::1"), networkOf("2001:db8:1:200:aaaa::"));
  assert.notEqual(networkOf("2001:db8:1:2ff::1"), networkOf("2001:db8:1:300::1"));
});

test("connections are counted by IPv4 address, and by the network that one client of IPv6 may have", () => {
  assert.notEqual(subscriberOf("192.0.2.1"), subscriberOf("192.0.2.2"));
  assert.equal(subscriberOf("2001:db8:1:2ff::1"), subscriberOf("2001:db8:1:200:aaaa::"));
  assert.notEqual(subscriberOf("2001:db8:1:2ff::1"), subscriberOf("2001:db8:1:300::1"));
});
