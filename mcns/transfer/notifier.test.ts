import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createServedZones } from "../test/served-zones.ts";
import { dataIn, type Message, readMessage } from "../wire/message.ts";
import { serialOf } from "../wire/soa.ts";
import { Notifier } from "./notifier.ts";

const zoneFile = "$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 127.0.0.1\n";

/** A secondary that answers as long as `isDeaf` says it does not. */
async function secondary(isDeaf: (count: number) => boolean, code = 0) {
  const socket = createSocket("udp4");
  const seen: Message[] = [];
  socket.on("message", (packet, from) => {
    seen.push(readMessage(packet));
    const response = Buffer.from(packet);
    response[2] = (response[2] ?? 0) | 0x80;
    response[3] = code;
    if (!isDeaf(seen.length)) socket.send(response, from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { seen, target: `127.0.0.1:${socket.address().port}`, [Symbol.dispose]: () => socket.close() };
}

function serialsOf(messages: readonly Message[]): (number | undefined)[] {
  return messages.map((message) => {
    assert.equal(message.opcode, 4);
    assert.equal(message.questions[0]?.name, "example.org");
    const [soa] = message.answers;
    return soa && serialOf(dataIn(message, soa, true));
  });
}

test("secondaries are notified at the start and of each change, again when they do not answer", async () => {
  await using zones = await createServedZones();
  using prompt = await secondary(() => false);
  using slow = await secondary((count) => count === 1);
  zones.add("example.org", zoneFile, { notify: [prompt.target, slow.target] });
  const first = zones.store.require("example.org").serial;
  await using running = new AsyncDisposableStack();
  running.use(new Notifier({ source: zones.store, clock: systemClock, logger: zones.log.logger }));
  // On a busy machine an answer may come too late, and its notification twice.
  await eventually(() => {
    assert.deepEqual(serialsOf(prompt.seen).slice(0, 1), [first]);
    assert.deepEqual(serialsOf(slow.seen).slice(0, 2), [first, first]);
  });
  const notified = (): number =>
    zones.log.lines.filter(({ msg }) => msg === "a secondary was notified").length;
  // A change before their answers came would take the place of the notifications.
  await eventually(() => assert.equal(notified(), 2));
  zones.insert("example.org", "new", "A", "192.0.2.1");
  const second = zones.store.require("example.org").serial;
  await eventually(() => {
    assert.deepEqual([...new Set(serialsOf(prompt.seen))], [first, second]);
    assert.deepEqual([...new Set(serialsOf(slow.seen))], [first, second]);
  });
  await eventually(() => assert.equal(notified(), 4));
});

test("a newer change takes the place of a notification that is not answered yet", async () => {
  await using zones = await createServedZones();
  using deaf = await secondary(() => true);
  zones.add("example.org", zoneFile, { notify: [deaf.target] });
  await using running = new AsyncDisposableStack();
  running.use(new Notifier({ source: zones.store, clock: systemClock, logger: zones.log.logger }));
  zones.insert("example.org", "one", "A", "192.0.2.1");
  zones.insert("example.org", "two", "A", "192.0.2.2");
  const last = zones.store.require("example.org").serial;
  await eventually(() => assert.deepEqual(serialsOf(deaf.seen).slice(-2), [last, last], "it is repeated"));
  assert.ok(deaf.seen.length <= 4, "the older ones are not repeated");
});

test("the log says when a secondary refuses to be notified, which is not tried again", async () => {
  await using zones = await createServedZones();
  using strict = await secondary(() => false, 5);
  zones.add("example.org", zoneFile, { notify: [strict.target] });
  await using running = new AsyncDisposableStack();
  // An answer that came too late would be no answer.
  const waitsMs = [600_000, 600_000];
  let pauses = 0;
  const sleep: Clock["sleep"] = (durationMs, signal) => {
    pauses += 1;
    return systemClock.sleep(durationMs, signal);
  };
  const clock = { ...systemClock, sleep };
  running.use(new Notifier({ source: zones.store, clock, logger: zones.log.logger, waitsMs }));
  const line = await eventually(() => {
    const found = zones.log.lines.find(({ secondary: target }) => target === strict.target);
    assert.ok(found !== undefined);
    return found;
  });
  assert.deepEqual([line["level"], line["code"]], ["warn", "REFUSED"]);
  assert.equal(strict.seen.length, 1);
  assert.equal(pauses, 0, "there is no next time to wait for");
});
