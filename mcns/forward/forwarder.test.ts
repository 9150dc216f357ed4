import assert from "node:assert/strict";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { captureLog } from "@metacircular/mcdsl/test/captured-log.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { encodeReply } from "../answer/encode.ts";
import { bareReply, type Reply } from "../answer/reply.ts";
import { readMessage } from "../wire/message.ts";
import { recordTypes } from "../wire/record-type.ts";
import { Forwarder } from "./forwarder.ts";
import { Health } from "./health.ts";
import type { ForwardQuestion } from "./question.ts";
import { ReplyCache } from "./reply-cache.ts";
import { StreamUpstream } from "./stream-upstream.ts";
import { createUdpUpstream } from "./udp-upstream.ts";

const question: ForwardQuestion = {
  name: "some.long.example.com",
  type: recordTypes.A,
  dnssecOk: false,
  checkingDisabled: false,
};
const cacheSettings = {
  entries: 100,
  bytes: 100_000,
  longestSeconds: 3600,
  longestNegativeSeconds: 600,
  staleSeconds: 0,
};

function replyWith(address: number[], ttl = 60): Reply {
  const set = { name: question.name, type: recordTypes.A, ttl, data: [Uint8Array.from(address)] };
  return { ...bareReply(0), answers: [set] };
}

interface Script extends AsyncDisposable {
  readonly seen: { packet: Buffer; from: RemoteInfo }[];
  readonly socket: Socket;
  readonly forwarder: Forwarder;
  answer(index: number, reply: Reply, change?: (query: Buffer) => Buffer): void;
}

/** A server that answers only when the test says so. */
async function scripted(inFlight = 10, clock: Clock = systemClock): Promise<Script> {
  const socket = createSocket("udp4");
  const seen: { packet: Buffer; from: RemoteInfo }[] = [];
  socket.on("message", (packet, from) => seen.push({ packet, from }));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const address = { host: "127.0.0.1", port: socket.address().port };
  const random = (count: number): Uint8Array => randomBytes(count);
  const stream = new StreamUpstream({ address, random });
  const forwarder = new Forwarder({
    upstreams: [createUdpUpstream({ address, stream, random })],
    settings: { timeoutMs: 60_000, inFlight, cache: cacheSettings },
    clock,
    logger: captureLog().logger,
  });
  return {
    seen,
    socket,
    forwarder,
    answer(index, reply, change = (query) => query) {
      const { packet, from } = seen[index] ?? assert.fail("there was no such query");
      const { id, flags, questions, opcode } = readMessage(change(Buffer.from(packet)));
      const frame = { id, flags, opcode, question: questions[0]?.wire, hasEdns: true };
      socket.send(
        encodeReply(frame, reply, { bytes: 1232, recursionAvailable: true }),
        from.port,
        from.address,
      );
    },
    async [Symbol.asyncDispose]() {
      await forwarder[Symbol.asyncDispose]();
      socket.close();
    },
  };
}

test("the same question of several clients is asked once", async () => {
  await using script = await scripted();
  const replies = Array.from({ length: 20 }, () => script.forwarder.forward(question));
  await eventually(() => assert.equal(script.seen.length, 1));
  script.answer(0, replyWith([1, 2, 3, 4]));
  for (const reply of await Promise.all(replies))
    assert.deepEqual(reply.answers[0]?.data[0], Uint8Array.of(1, 2, 3, 4));
  await script.forwarder.forward(question);
  assert.equal(script.seen.length, 1, "and then comes from the cache");
});

test("every query has another id, another port and other upper case letters", async () => {
  await using script = await scripted(100);
  const waits = Array.from({ length: 30 }, (_, index) =>
    script.forwarder.forward({ ...question, name: `${index}.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com` }),
  );
  await eventually(() => assert.equal(script.seen.length, 30));
  const distinct = (values: readonly unknown[]): number => new Set(values).size;
  assert.ok(distinct(script.seen.map(({ packet }) => packet.readUInt16BE(0))) > 25);
  assert.equal(distinct(script.seen.map(({ from }) => from.port)), 30);
  assert.ok(distinct(script.seen.map(({ packet }) => packet.toString("latin1", 16, 45))) > 25);
  for (let index = 0; index < 30; index++) script.answer(index, bareReply(3));
  for (const { code } of await Promise.all(waits)) assert.equal(code, 3);
});

test("answers with another id, another question or the letters in another case do not count", async () => {
  await using script = await scripted();
  const reply = script.forwarder.forward(question);
  await eventually(() => assert.equal(script.seen.length, 1));
  const forged = replyWith([6, 6, 6, 6]);
  const flip = (at: number, mask: number) => (query: Buffer) => {
    query[at] = (query[at] ?? 0) ^ mask;
    return query;
  };
  script.answer(0, forged, flip(0, 1));
  script.answer(0, forged, flip(13, 0x20));
  script.answer(0, forged, flip(13, 0x01));
  script.socket.send(Buffer.from("noise"), script.seen[0]?.from.port ?? 0, "127.0.0.1");
  script.answer(0, replyWith([1, 1, 1, 1]));
  assert.deepEqual((await reply).answers[0]?.data[0], Uint8Array.of(1, 1, 1, 1));
});

test("more questions at once than allowed are answered SERVFAIL", async () => {
  await using script = await scripted(1);
  const first = script.forwarder.forward(question);
  assert.equal((await script.forwarder.forward({ ...question, name: "other.example.com" })).code, 2);
  await eventually(() => assert.equal(script.seen.length, 1));
  script.answer(0, replyWith([1, 1, 1, 1]));
  assert.equal((await first).code, 0);
});

test("the cache counts down, forgets in time, and keeps to its bounds", () => {
  const now = { ms: 0 };
  const cache = new ReplyCache({ ...cacheSettings, entries: 3 }, () => now.ms);
  cache.store("a", replyWith([1, 1, 1, 1], 60));
  now.ms = 45_000;
  assert.equal(cache.find("a")?.answers[0]?.ttl, 15);
  now.ms = 60_000;
  assert.equal(cache.find("a"), undefined);
  cache.store("without a lifetime", replyWith([1, 1, 1, 1], 0));
  cache.store("failed", bareReply(2));
  assert.equal(cache.size, 1);
  for (const key of ["b", "c", "d"]) cache.store(key, replyWith([1, 1, 1, 1]));
  cache.find("b");
  cache.store("e", replyWith([1, 1, 1, 1]));
  assert.ok(
    cache.find("c") === undefined && cache.find("b") !== undefined,
    "the one not asked for goes first",
  );
  const large = {
    ...replyWith([]),
    answers: [{ ...replyWith([]).answers[0], data: [new Uint8Array(99_600)] }],
  };
  cache.store("large", large as Reply);
  assert.ok(cache.bytes <= cacheSettings.bytes, "a large one takes the place of others");
  assert.deepEqual([cache.find("b"), cache.find("large") === undefined], [undefined, false]);
});

test("a server that failed is asked last, the longer the more often it failed", () => {
  const now = { ms: 0 };
  const health = new Health(["a", "b"], () => now.ms);
  assert.deepEqual(health.order(), ["a", "b"]);
  health.failed("a");
  assert.deepEqual(health.order(), ["b", "a"]);
  now.ms = 1_001;
  assert.deepEqual(health.order(), ["a", "b"]);
  health.failed("a");
  now.ms += 1_500;
  assert.deepEqual(health.order(), ["b", "a"]);
  health.succeeded("a");
  assert.deepEqual(health.order(), ["a", "b"]);
});
