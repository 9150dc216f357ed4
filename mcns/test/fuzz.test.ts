import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { lifetimeOf, replyOf } from "../forward/upstream-reply.ts";
import type { Client, HandlePacket } from "../listen/client.ts";
import { startDnsServer } from "../listen/dns-server.ts";
import { signRequest } from "../transfer/tsig.ts";
import { classes, opcodes } from "../wire/code.ts";
import { framed, FrameReader } from "../wire/frames.ts";
import { readMessage } from "../wire/message.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { recordTypes, type RecordTypeName } from "../wire/record-type.ts";
import { soaRecord } from "../wire/soa.ts";
import { WireError } from "../wire/wire-reader.ts";
import { mutated, type Random, randomFrom } from "./mutate.ts";
import { handlerOf, queryFor, tcpClient, udpClient } from "./packets.ts";
import { createServedZones, dnsSettings, type ServedZones, testKey } from "./served-zones.ts";

/** Another one finds other things; a failure names it. */
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
const packets = Number(process.env["FUZZ_PACKETS"] ?? 1_000_000);
const datagrams = 20_000;
const streamedPackets = 5_000;
/** So many of them are signed after they were damaged, to get behind the check of signatures. */
const signedEach = 400;

const zoneFile = readFileSync(new URL("zones/example.org.zone", import.meta.url), "utf8");

async function servedZones(): Promise<ServedZones> {
  const zones = await createServedZones();
  const keys = [testKey.name];
  zones.add("example.org", zoneFile, { transferKeys: keys, updateKeys: keys });
  return zones;
}

/** Messages of every kind, all of them sound. */
function corpusOf(zones: ServedZones): Buffer[] {
  const names = [
    "www.example.org",
    "chain.example.org",
    "x.wild.example.org",
    "below.sub.example.org",
    "example.com",
  ];
  const types: RecordTypeName[] = ["A", "MX", "SOA", "ANY", "HTTPS", "AXFR", "IXFR", "TXT"];
  const queries = names.flatMap((name) =>
    types.flatMap((type) => [queryFor(name, type), queryFor(name, type, { edns: 1232, flags: 0x0100 })]),
  );
  const zone = zones.store.current().get("example.org");
  assert.ok(zone !== undefined);
  const soa = soaRecord(zone.name, zone.soa);
  const owned = { name: soa.name, type: soa.type, ttl: soa.ttl, data: [soa.data] };
  const incremental = new MessageWriter(512);
  incremental.header(1, 0);
  incremental.question(queryFor("example.org", "IXFR").subarray(12));
  incremental.set("authorities", owned);
  const unsigned = [...queries.slice(0, 8), incremental.finish(), updateMessage()];
  const signed = unsigned.map(
    (packet) => signRequest(packet, testKey, Math.floor(Date.now() / 1000)).message,
  );
  const handle = handlerOf(zones);
  const responses = queries.map((query) => handle(query, tcpClient)).filter((each) => Buffer.isBuffer(each));
  return [...queries, ...unsigned, ...signed, ...responses];
}

/** An update with every form of prerequisite and change. */
function updateMessage(): Buffer {
  const writer = new MessageWriter(1024);
  writer.header(1, opcodes.UPDATE << 11);
  writer.question(queryFor("example.org", "SOA").subarray(12));
  const { A, TXT, ANY } = recordTypes;
  const text = Buffer.from("\u0003abc");
  const sets = [
    { section: "answers", name: "www.example.org", type: A, class: classes.ANY, data: Buffer.alloc(0) },
    { section: "answers", name: "no.example.org", type: ANY, class: classes.NONE, data: Buffer.alloc(0) },
    { section: "authorities", name: "fuzz.example.org", type: TXT, class: classes.IN, data: text },
    { section: "authorities", name: "fuzz.example.org", type: TXT, class: classes.NONE, data: text },
    {
      section: "authorities",
      name: "fuzz.example.org",
      type: ANY,
      class: classes.ANY,
      data: Buffer.alloc(0),
    },
  ] as const;
  for (const { section, data, ...set } of sets) writer.set(section, { ...set, ttl: 0, data: [data] });
  return writer.finish();
}

/** What a server and a forwarder do with a packet; throws what must not happen. */
function feed(handle: HandlePacket, packet: Buffer, client: Client): void {
  const response = handle(packet, client);
  if (response !== undefined && "messages" in response) {
    for (let next = response.messages.next(); next.done !== true; next = response.messages.next());
  } else if (Buffer.isBuffer(response)) {
    assert.ok(client.transport === "tcp" || response.length <= 1232);
    const sameId = response.readUInt16BE(0) === packet.readUInt16BE(0);
    assert.ok(sameId && (response.readUInt16BE(2) & 0x8000) !== 0, "a response to this packet");
  }
  try {
    lifetimeOf(replyOf(readMessage(packet)));
  } catch (thrown) {
    if (!(thrown instanceof WireError)) throw thrown;
  }
}

function heapAfterCollection(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describe(`malformed packets from seed ${seed} (FUZZ_SEED)`, () => {
  test(`${packets} of them are survived by the packet handler, which keeps no memory`, async () => {
    await using zones = await servedZones();
    const corpus = corpusOf(zones);
    const handle = handlerOf(zones, { logger: failingLogger });
    const random = randomFrom(seed);
    const warmUp = Math.floor(packets / 5);
    // Most packets end in an exception; what it costs to write down where is not what is tested.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    let heapBefore = 0;
    for (let count = 0; count < packets; count++) {
      if (count === warmUp) heapBefore = heapAfterCollection();
      const packet = nextPacket(corpus, random, count);
      try {
        feed(handle, packet, count % 3 === 0 ? tcpClient : udpClient);
      } catch (cause) {
        throw new Error(`packet ${count} of seed ${seed}: ${packet.toString("hex")}`, { cause });
      }
    }
    Error.stackTraceLimit = stackTraceLimit;
    const grownBytes = heapAfterCollection() - heapBefore;
    // What it may keep is its cache, which is bounded to 16 MiB.
    assert.ok(grownBytes < 32 * 1024 * 1024, `the heap grew by ${grownBytes} bytes with seed ${seed}`);
  });

  test("a share of them is survived by a server on real sockets, which still answers", async () => {
    await using zones = await servedZones();
    await using server = await startDnsServer({
      settings: dnsSettings(),
      source: zones.store,
      keys: zones.keys,
      clock: systemClock,
      logger: zones.log.logger,
    });
    const address = server.addresses[0] ?? assert.fail();
    const corpus = corpusOf(zones);
    const random = randomFrom(seed + 1);
    await sendDatagrams(address, () => mutated(corpus, random));
    for (let sent = 0; sent < streamedPackets; sent += 250) {
      await sendStream(
        address,
        Array.from({ length: 250 }, () => mutated(corpus, random)),
      );
    }
    const response = await ask(address, queryFor("www.example.org", "A", { id: 99 }));
    assert.equal(readMessage(response).answers.length, 2, `with seed ${seed}`);
    assert.deepEqual(
      zones.log.lines.filter(({ level }) => level === "error"),
      [],
    );
  });
});

/** An error in the log is a bug that was survived. */
const failingLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error: (fields, message) => assert.fail(`${message}: ${JSON.stringify(fields)}`),
  child: () => failingLogger,
};

function nextPacket(corpus: readonly Buffer[], random: Random, count: number): Buffer {
  const packet = mutated(corpus, random);
  if (count % signedEach !== 0 || packet.length < 12) return packet;
  return signRequest(packet, testKey, Math.floor(Date.now() / 1000)).message;
}

async function sendDatagrams(address: { host: string; port: number }, next: () => Buffer): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("message", () => {});
  socket.connect(address.port, address.host);
  await once(socket, "connect");
  for (let sent = 0; sent < datagrams; sent += 50) {
    const batch = Array.from({ length: 50 }, () => new Promise((done) => socket.send(next(), done)));
    await Promise.all(batch);
  }
  socket.close();
}

/** One connection; the server may close it at any time. */
async function sendStream(address: { host: string; port: number }, batch: readonly Buffer[]): Promise<void> {
  const socket = connect(address.port, address.host);
  const closed = once(socket, "close");
  socket.on("error", () => {});
  socket.resume();
  for (const packet of batch) socket.write(framed(packet));
  socket.end();
  await closed;
}

async function ask(address: { host: string; port: number }, query: Buffer): Promise<Buffer> {
  const socket = connect(address.port, address.host);
  const frames = new FrameReader();
  const responses: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => responses.push(...frames.push(bytes)));
  socket.write(framed(query));
  const response = await eventually(() => responses[0] ?? assert.fail("there is no answer"));
  socket.destroy();
  return response;
}
