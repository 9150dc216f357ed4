import { createSocket } from "node:dgram";
import { randomInt } from "node:crypto";
import { isIPv6 } from "node:net";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { formatHostAndPort, type HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { classes, codeNameOf, flagBits, opcodes, responseCodes } from "../wire/code.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { type Name, nameToWire } from "../wire/name.ts";
import { recordTypes } from "../wire/record-type.ts";
import { soaRecord } from "../wire/soa.ts";
import type { Zone } from "../zone/zone.ts";
import type { ZoneSource } from "../zone/store-view.ts";

/** Waits for the answer of a secondary, one for each attempt (RFC 1996, section 3.6). */
const defaultWaitsMs = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000];

interface NotifierParts {
  readonly source: ZoneSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long the answer to each attempt is waited for. Default: 1 s, and then twice as long each time, up to 32 s. */
  readonly waitsMs?: readonly number[];
}

/** Tells the secondaries of each zone when it has changed, and once at the start (RFC 1996). Disposing it ends what is
 * under way. */
export class Notifier implements AsyncDisposable {
  readonly #parts: NotifierParts;
  readonly #subscription: Disposable;
  /** By zone and target; a newer change takes the place of an older one. */
  readonly #underway = new Map<string, AbortController>();
  readonly #tasks = new Set<Promise<void>>();

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#subscription = parts.source.onChange((zones) => this.#tell(zones));
    this.#tell([...parts.source.current().zones()].map(({ name }) => name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    for (const controller of this.#underway.values()) controller.abort();
    await Promise.all(this.#tasks);
  }

  #tell(zones: readonly Name[]): void {
    for (const name of zones) {
      const zone = this.#parts.source.current().get(name);
      for (const target of zone?.policy.notify ?? []) if (zone !== undefined) this.#start(zone, target);
    }
  }

  #start(zone: Zone, target: HostAndPort): void {
    const key = `${zone.name} ${formatHostAndPort(target)}`;
    this.#underway.get(key)?.abort();
    const controller = new AbortController();
    this.#underway.set(key, controller);
    const task = this.#notify(zone, target, controller.signal).finally(() => {
      this.#tasks.delete(task);
      if (this.#underway.get(key) === controller) this.#underway.delete(key);
    });
    this.#tasks.add(task);
  }

  async #notify(zone: Zone, target: HostAndPort, signal: AbortSignal): Promise<void> {
    const { logger, clock, waitsMs = defaultWaitsMs } = this.#parts;
    const facts = { zone: zone.name, serial: zone.soa.serial, secondary: formatHostAndPort(target) };
    for (const waitMs of waitsMs) {
      try {
        const beganAtMs = clock.now();
        const code = await answerOf(zone, target, AbortSignal.any([signal, AbortSignal.timeout(waitMs)]));
        if (code === responseCodes.NOERROR) return logger.info(facts, "a secondary was notified");
        if (code !== undefined) {
          return logger.warn({ ...facts, code: codeNameOf(code) }, "a secondary refused a notification");
        }
        await clock.sleep(Math.max(0, beganAtMs + waitMs - clock.now()), signal);
      } catch (thrown) {
        if (signal.aborted) return;
        logger.debug({ ...facts, error: messageOf(thrown) }, "a notification will be repeated");
      }
    }
    logger.warn(
      facts,
      "a secondary does not answer notifications; it will see the change when it asks by itself",
    );
  }
}

/** Sends one notification; the code with which the secondary answers the same id, undefined when its port is closed.
 * @throws the signal's reason */
async function answerOf(zone: Zone, target: HostAndPort, signal: AbortSignal): Promise<number | undefined> {
  const id = randomInt(0x1_0000);
  const socket = createSocket(isIPv6(target.host) ? "udp6" : "udp4");
  const answered = Promise.withResolvers<number | undefined>();
  const onAbort = (): void => answered.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("error", () => answered.resolve(undefined));
  socket.on("message", (bytes) => {
    const isAnswer = bytes.length >= 12 && bytes.readUInt16BE(0) === id && (bytes[2] ?? 0) >= 0x80;
    if (isAnswer) answered.resolve((bytes[3] ?? 0) & 15);
  });
  try {
    socket.connect(target.port, target.host, () => {
      if (!signal.aborted) socket.send(notification(id, zone), () => {});
    });
    return await answered.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.close();
  }
}

/** RFC 1996, section 3.7: the new SOA record is among the answers, as a hint. */
function notification(id: number, zone: Zone): Buffer {
  const writer = new MessageWriter(512);
  writer.header(id, (opcodes.NOTIFY << 11) | flagBits.authoritative);
  const question = Buffer.concat([nameToWire(zone.name), Buffer.from([0, recordTypes.SOA, 0, classes.IN])]);
  writer.question(question);
  const { name, type, ttl, data } = soaRecord(zone.name, zone.soa);
  writer.set("answers", { name, type, ttl, data: [data] });
  return writer.finish();
}
