import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";

/** A message that the next page shows once. */
export interface Flash {
  readonly kind: "done" | "problem";
  readonly text: string;
}

/** What the server knows of a browser that is logged in. */
export interface Session<Data> {
  /** Of every form that this browser is shown. */
  readonly formToken: string;
  readonly startedAtMs: number;
  /** The account; of each there is a bounded number of sessions. */
  readonly owner: string;
  data: Data;
  flash: Flash | undefined;
}

export interface SessionLimits {
  /** Unused for so long, a session ends. Default 1 h. */
  readonly idleMs?: number;
  /** No session lives longer. Default 12 h. */
  readonly absoluteMs?: number;
  /** Beyond that the ones that were not used for longest end. Default 2,000. */
  readonly maxSessions?: number;
  /** Of one account. Default 20. */
  readonly maxPerOwner?: number;
}

interface Entry<Data> {
  readonly session: Session<Data>;
  lastUsedAtMs: number;
}

/** Sessions in memory, by the SHA-256 of their id: whoever reads the memory or a dump of it cannot become anybody by what
 * is there. A restart ends them all. */
export class Sessions<Data> {
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry<Data>>();
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: Required<SessionLimits>;

  constructor(clock: Pick<Clock, "now">, limits: SessionLimits = {}) {
    this.#clock = clock;
    const hourMs = 3_600_000;
    this.#limits = {
      idleMs: hourMs,
      absoluteMs: 12 * hourMs,
      maxSessions: 2_000,
      maxPerOwner: 20,
      ...limits,
    };
  }

  /** @returns its id, which only the browser keeps: 256 random bits */
  begin(owner: string, data: Data): string {
    this.#endOld();
    const mine = [...this.#entries].filter(([, { session }]) => session.owner === owner);
    for (const [key] of mine.slice(0, Math.max(0, mine.length - this.#limits.maxPerOwner + 1))) {
      this.#entries.delete(key);
    }
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= this.#limits.maxSessions) this.#entries.delete(oldest);
    const id = randomBytes(32).toString("base64url");
    const nowMs = this.#clock.now();
    const formToken = randomBytes(32).toString("base64url");
    const session: Session<Data> = { formToken, startedAtMs: nowMs, owner, data, flash: undefined };
    this.#entries.set(keyOf(id), { session, lastUsedAtMs: nowMs });
    return id;
  }

  /** The session, which counts as used now; undefined: there is none, or no more. */
  find(id: string): Session<Data> | undefined {
    const key = keyOf(id);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (this.#isOver(entry)) return undefined;
    entry.lastUsedAtMs = this.#clock.now();
    this.#entries.set(key, entry);
    return entry.session;
  }

  end(id: string): void {
    this.#entries.delete(keyOf(id));
  }

  get size(): number {
    return this.#entries.size;
  }

  #endOld(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#isOver(entry)) this.#entries.delete(key);
    }
  }

  #isOver({ session, lastUsedAtMs }: Entry<Data>): boolean {
    const nowMs = this.#clock.now();
    return (
      nowMs - lastUsedAtMs >= this.#limits.idleMs || nowMs - session.startedAtMs >= this.#limits.absoluteMs
    );
  }
}

function keyOf(id: string): string {
  return createHash("sha256").update(id).digest("base64url");
}
