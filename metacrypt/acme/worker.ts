import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { AcmeMount, AcmeMounts } from "./ports.ts";
import { type AcmeStore, createAcmeStore, type Work } from "./store/acme-store.ts";
import { prune } from "./store/prune.ts";

/** Does one piece of work to its end, however that is; it removes the work from the store itself. What it throws is
 * tried again. */
export type DoWork = (mount: AcmeMount, store: AcmeStore, work: Work, signal: AbortSignal) => Promise<void>;

export interface WorkerParts {
  readonly mounts: AcmeMounts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly concurrency: number;
  readonly doWork: DoWork;
}

const sweepMs = 2_000;
const pruneMs = 60_000;
const pauseMs = { first: 2_000, longest: 60_000 };

/** Validates and issues in the background. What is to be done is in the store, so a crash, a seal or a restart only
 * delays it: a sweep every two seconds takes up what nobody is at. */
export class AcmeWorker implements AsyncDisposable {
  readonly #parts: WorkerParts;
  readonly #stop = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  /** When to try again what failed, and after how long then. */
  readonly #later = new Map<string, { readonly atMs: number; readonly pauseMs: number }>();
  #sweeping: Promise<void> = Promise.resolve();
  #pruneAtMs = 0;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  /** Begins to sweep. */
  start(): void {
    this.#sweeping = this.#sweepAgainAndAgain();
  }

  /** Starts a piece of work that is in the store, unless it is under way or as many are as may be. Resolves when it is
   * done or to be tried again; never rejects. */
  run(mount: AcmeMount, work: Work): Promise<void> {
    const key = `${mount.name} ${work.kind} ${work.id}`;
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const full = this.#running.size >= this.#parts.concurrency && work.kind === "validate";
    if (full || this.#stop.signal.aborted) return Promise.resolve();
    const started = this.#attempt(key, mount, work).finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#sweeping, ...this.#running.values()]);
  }

  async #attempt(key: string, mount: AcmeMount, work: Work): Promise<void> {
    try {
      await this.#parts.doWork(mount, createAcmeStore(mount.records), work, this.#stop.signal);
      this.#later.delete(key);
    } catch (thrown) {
      if (this.#stop.signal.aborted) return;
      const pause = Math.min((this.#later.get(key)?.pauseMs ?? pauseMs.first / 2) * 2, pauseMs.longest);
      this.#later.set(key, { atMs: this.#parts.clock.now() + pause, pauseMs: pause });
      const fields = { mount: mount.name, work: work.kind, id: work.id, error: thrown, pauseMs: pause };
      this.#parts.logger.warn(fields, "ACME work failed and is tried again");
    }
  }

  async #sweepAgainAndAgain(): Promise<void> {
    const { clock, logger } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        this.#sweep();
      } catch (thrown) {
        // Sealed: what waits is still there when it is unsealed.
        const sealed = thrown instanceof DetailedError && thrown.code === "SEALED";
        if (!sealed) logger.warn({ error: thrown }, "looking for ACME work failed");
      }
      await clock.sleep(sweepMs, signal).catch(() => undefined);
    }
  }

  #sweep(): void {
    const nowMs = this.#parts.clock.now();
    const prunes = this.#pruneAtMs <= nowMs;
    if (prunes) this.#pruneAtMs = nowMs + pruneMs;
    for (const name of this.#parts.mounts.names()) {
      const mount = this.#parts.mounts.find(name);
      if (mount === undefined) continue;
      const store = createAcmeStore(mount.records);
      // A little at a time; what is left is next.
      if (prunes && prune(store, nowMs) > 0) this.#pruneAtMs = nowMs;
      for (const work of store.work.values()) {
        const later = this.#later.get(`${name} ${work.kind} ${work.id}`);
        if (later === undefined || later.atMs <= nowMs) void this.run(mount, work);
      }
    }
  }
}
