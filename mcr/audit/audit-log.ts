import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { parseDigest } from "../digest.ts";
import type { Pull } from "../metadata/metadata.ts";
import type { Audit, AuditEntry, TimedEntry } from "./audit.ts";
import type { AuditStore } from "./audit-store.ts";

export interface AuditLogOptions {
  readonly store: Pick<AuditStore, "write">;
  /** Told of the pulls among the entries that were written. */
  readonly notePulls?: (pulls: readonly Pull[]) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Entries that may wait; more are dropped. Default 20,000. */
  readonly maxWaiting?: number;
  /** How long entries are collected before they are written together. Default 200 ms. */
  readonly collectMs?: number;
  /** How long writing is tried when it is disposed. Default 5 s. */
  readonly flushMs?: number;
}

const defaults = {
  notePulls: () => Promise.resolve(),
  maxWaiting: 20_000,
  collectMs: 200,
  flushMs: 5_000,
};
const mostAtOnce = 500;
const retryAfterMs = 1_000;
/** Between two lines about entries that are dropped. */
const sayDropsEveryMs = 10_000;
const mostCharacters = 1_000;

/** Writes entries in batches and in their order, beside the requests that they are about. Where the database fails, it
 * tries again until entries are too many: those are counted and said. Each is also a line of the service's log.
 * Disposing it writes what waits. */
export class AuditLog implements Audit, AsyncDisposable {
  readonly #options: Required<AuditLogOptions>;
  readonly #waiting: TimedEntry[] = [];
  readonly #stopping = new AbortController();
  /** Aborted when writing has had its time after the stop. */
  readonly #givingUp = new AbortController();
  #running: Promise<void> | undefined;
  #dropped = 0;
  #written = 0;
  #saidDropsAtMs = -Infinity;

  constructor(options: AuditLogOptions) {
    this.#options = { ...defaults, ...options };
  }

  /** Entries that could not be kept since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Entries that were written since the start. */
  get written(): number {
    return this.#written;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  record(entry: AuditEntry): void {
    const { clock, logger, maxWaiting } = this.#options;
    const atMs = clock.now();
    const { caller, ...fields } = bounded(entry);
    logger.info({ ...fields, account: caller.name, accountKind: caller.kind }, "audit");
    if (this.#waiting.length >= maxWaiting || this.#stopping.signal.aborted) return this.#drop(1);
    this.#waiting.push({ ...fields, caller, atMs });
    this.#running ??= this.#write().finally(() => (this.#running = undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    const { clock, flushMs } = this.#options;
    const ended = new AbortController();
    const late = clock.sleep(flushMs, ended.signal).then(
      () => this.#givingUp.abort(),
      () => undefined,
    );
    await this.#running;
    ended.abort();
    await late;
    if (this.#waiting.length > 0) this.#drop(this.#waiting.length);
  }

  async #write(): Promise<void> {
    const { clock, collectMs } = this.#options;
    await clock.sleep(collectMs, this.#stopping.signal).catch(() => undefined);
    const end = this.#givingUp.signal;
    while (this.#waiting.length > 0 && !end.aborted) {
      const batch = this.#waiting.slice(0, mostAtOnce);
      if (await this.#writeBatch(batch, end)) continue;
      await clock.sleep(retryAfterMs, end).catch(() => undefined);
    }
  }

  async #writeBatch(batch: readonly TimedEntry[], end: AbortSignal): Promise<boolean> {
    const { store, logger } = this.#options;
    try {
      await store.write(batch, end);
    } catch (error) {
      logger.error({ error, waiting: this.#waiting.length }, "audit entries could not be written yet");
      return false;
    }
    this.#waiting.splice(0, batch.length);
    this.#written += batch.length;
    await this.#notePulls(batch);
    return true;
  }

  /** Writing them again because of this would make the entries twice. */
  async #notePulls(batch: readonly TimedEntry[]): Promise<void> {
    const { notePulls, logger } = this.#options;
    const pulls = pullsOf(batch);
    if (pulls.length === 0) return;
    try {
      await notePulls(pulls);
    } catch (error) {
      logger.error({ error, pulls: pulls.length }, "when content was pulled last could not be noted");
    }
  }

  #drop(count: number): void {
    const { clock, logger } = this.#options;
    this.#dropped += count;
    if (clock.now() - this.#saidDropsAtMs < sayDropsEveryMs && count === 1) return;
    this.#saidDropsAtMs = clock.now();
    logger.error(
      { dropped: this.#dropped },
      "audit entries are dropped: they come faster than the database takes them; these lines are all there is",
    );
  }
}

function pullsOf(entries: readonly TimedEntry[]): Pull[] {
  return entries.flatMap(({ action, outcome, repository, digest: text, reference, atMs }) => {
    const digest = parseDigest(text);
    if (action !== "pull-manifest" || outcome !== "ok" || digest === undefined) return [];
    return [{ repository, digest, tag: parseDigest(reference) === undefined ? reference : undefined, atMs }];
  });
}

/** What a client sends is no longer than it may be, and has no character that PostgreSQL does not keep. */
function bounded(entry: AuditEntry): AuditEntry {
  const text = (value: string): string => value.slice(0, mostCharacters).replaceAll("\0", "\u{fffd}");
  const { caller, address, repository, reference, digest, detail } = entry;
  return {
    ...entry,
    caller: { kind: caller.kind, name: text(caller.name) },
    address: text(address),
    repository: text(repository),
    reference: text(reference),
    digest: text(digest),
    detail: text(detail),
  };
}
