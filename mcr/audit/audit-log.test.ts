import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import type { AuditEntry, TimedEntry } from "./audit.ts";
import { AuditLog } from "./audit-log.ts";

function anEntry(reference: string): AuditEntry {
  return {
    action: "push-manifest",
    outcome: "ok",
    caller: { kind: "human", name: "ada" },
    address: "192.0.2.1",
    repository: "a",
    reference,
    digest: "",
    detail: "",
  };
}

function aLogger(): { logger: ReturnType<typeof createLogger>; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger({
    name: "t",
    level: "info",
    destination: { write: (line) => lines.push(line) },
  });
  return { logger, lines };
}

/** Keeps what is written; fails while `broken`. */
class MemoryStore {
  readonly batches: TimedEntry[][] = [];
  broken = false;
  attempts = 0;
  write(entries: readonly TimedEntry[]): Promise<void> {
    this.attempts += 1;
    if (this.broken) return Promise.reject(new Error("no disk"));
    this.batches.push([...entries]);
    return Promise.resolve();
  }
  get references(): string[] {
    return this.batches.flat().map(({ reference }) => reference);
  }
}

describe("the audit log", () => {
  test("writes entries together and in their order, and what waits when it stops", async () => {
    const store = new MemoryStore();
    const { logger, lines } = aLogger();
    const log = new AuditLog({ store, clock: systemClock, logger, collectMs: 60_000 });
    const wanted = Array.from({ length: 1_203 }, (_, index) => String(index));
    for (const reference of wanted) log.record(anEntry(reference));
    assert.equal(store.attempts, 0);
    await log[Symbol.asyncDispose]();
    assert.deepEqual(store.references, wanted);
    assert.equal(store.batches.length, 3);
    assert.equal(lines.filter((line) => line.includes('"msg":"audit"')).length, wanted.length);
    assert.deepEqual([log.written, log.dropped, log.waiting], [wanted.length, 0, 0]);
  });

  test("keeps what the database refuses, drops what is too much, and says so", async () => {
    const store = new MemoryStore();
    store.broken = true;
    const { logger, lines } = aLogger();
    const log = new AuditLog({ store, clock: systemClock, logger, collectMs: 0, maxWaiting: 3 });
    for (const reference of ["1", "2", "3", "4", "5"]) log.record(anEntry(reference));
    while (store.attempts === 0) await new Promise(setImmediate);
    store.broken = false;
    await log[Symbol.asyncDispose]();
    assert.deepEqual(store.references, ["1", "2", "3"]);
    assert.equal(log.dropped, 2);
    assert.ok(lines.some((line) => line.includes('"dropped":1')));
  });

  test("gives up on a database that does not come back, and counts what is lost", async () => {
    const store = new MemoryStore();
    store.broken = true;
    const { logger, lines } = aLogger();
    const log = new AuditLog({ store, clock: systemClock, logger, collectMs: 0, flushMs: 20 });
    log.record(anEntry("1"));
    await log[Symbol.asyncDispose]();
    assert.equal(log.dropped, 1);
    assert.ok(lines.some((line) => line.includes('"dropped":1')));
    log.record(anEntry("2"));
    assert.equal(log.dropped, 2);
  });

  test("bounds what clients send", async () => {
    const store = new MemoryStore();
    const log = new AuditLog({ store, clock: systemClock, logger: aLogger().logger });
    log.record(anEntry(`\0${"x".repeat(5_000)}`));
    await log[Symbol.asyncDispose]();
    assert.equal(store.references[0], `\u{fffd}${"x".repeat(999)}`);
  });
});
