import type { Reply } from "../answer/reply.ts";
import { aged, lifetimeOf, livingFor } from "./upstream-reply.ts";

export interface ReplyCacheSettings {
  readonly entries: number;
  /** Of all records together, about. */
  readonly bytes: number;
  readonly longestSeconds: number;
  readonly longestNegativeSeconds: number;
  /** How long after its end a reply is still given when no upstream server answers (RFC 8767); 0: never. */
  readonly staleSeconds: number;
}

/** TTL of records that are given after their end (RFC 8767, section 4). */
const staleTtlSeconds = 30;
const entryOverheadBytes = 200;
const recordOverheadBytes = 100;

interface Entry {
  readonly reply: Reply;
  readonly storedAtMs: number;
  readonly endsAtMs: number;
  readonly bytes: number;
}

/** Replies of upstream servers for as long as they may be kept; the one that was not asked for longest goes first. */
export class ReplyCache {
  readonly #settings: ReplyCacheSettings;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(settings: ReplyCacheSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  find(key: string): Reply | undefined {
    const entry = this.#entries.get(key);
    const nowMs = this.#nowMs();
    if (entry === undefined || nowMs >= entry.endsAtMs) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return aged(entry.reply, Math.floor((nowMs - entry.storedAtMs) / 1000));
  }

  /** A reply that has ended, but not too long ago. */
  findStale(key: string): Reply | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#nowMs() >= entry.endsAtMs + this.#settings.staleSeconds * 1000)
      return undefined;
    return livingFor(entry.reply, staleTtlSeconds);
  }

  store(key: string, reply: Reply): void {
    const { longestSeconds, longestNegativeSeconds, entries, bytes } = this.#settings;
    const longest = reply.answers.length === 0 ? longestNegativeSeconds : longestSeconds;
    const seconds = Math.min(lifetimeOf(reply), longest);
    if (seconds <= 0) return;
    this.#remove(key);
    const storedAtMs = this.#nowMs();
    const entry = { reply, storedAtMs, endsAtMs: storedAtMs + seconds * 1000, bytes: sizeOf(key, reply) };
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    while (this.#entries.size > entries || this.#bytes > bytes) {
      const [oldest] = this.#entries.keys();
      if (oldest === undefined) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

function sizeOf(key: string, reply: Reply): number {
  const sets = [...reply.answers, ...reply.authorities, ...reply.additionals];
  const records = sets.flatMap(({ data }) => data);
  const data = records.reduce((sum, { length }) => sum + length + recordOverheadBytes, 0);
  return entryOverheadBytes + key.length + data;
}
