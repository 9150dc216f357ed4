import { componentLogs } from "./component-logs.ts";
import type { ComponentLogLine, LogsQuery } from "./logs-query.ts";

/** While following, lines are held back this long for an earlier one of another component. */
const patienceMs = 50;

const batchLimit = 256;

/** The lines of several components in the order of their times. */
export async function* mergedLogs(query: LogsQuery): AsyncGenerator<ComponentLogLine> {
  const bell = new Bell();
  const over = new AbortController();
  const signal = AbortSignal.any([query.signal, over.signal]);
  const sources = query.components.map(
    (component) => new Source(componentLogs(component, { ...query, signal }), bell),
  );
  try {
    for (;;) {
      const open = sources.filter((source) => !source.isOver());
      if (open.length === 0) return;
      const waiting = open.filter((source) => source.head === undefined);
      for (const source of waiting) source.fetch();
      const earliest = open.reduce((best, source) => (source.timeMs < best.timeMs ? source : best));
      const patienceLeftMs = query.follow ? earliest.timeMs + patienceMs - query.clock.now() : Infinity;
      if (waiting.length > 0 && patienceLeftMs > 0) {
        await bell.rung(patienceLeftMs);
        continue;
      }
      const line = earliest.take();
      if (line !== undefined) yield line;
    }
  } finally {
    // One that waits for its next line cannot be closed before it has been told.
    over.abort();
    await Promise.allSettled(sources.map((source) => source.close()));
  }
}

/** Groups lines that are there at the same time. */
export async function* batches<Line>(
  lines: AsyncGenerator<Line>,
  signal: AbortSignal,
): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  let next = lines.next();
  try {
    while (!signal.aborted) {
      const ready = batch.length === 0 ? await next.then(() => true) : await within(next, 0);
      if (ready) {
        const result = await next;
        if (result.done === true) break;
        batch.push(result.value);
        next = lines.next();
      }
      if (!ready || batch.length >= batchLimit) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  } finally {
    next.catch(() => undefined);
    await lines.return(undefined);
  }
}

/** One component's stream with its first line taken out. */
class Source {
  head: ComponentLogLine | undefined;
  readonly #lines: AsyncGenerator<ComponentLogLine>;
  readonly #bell: Bell;
  #isFetching = false;
  #end: { error?: unknown } | undefined;

  constructor(lines: AsyncGenerator<ComponentLogLine>, bell: Bell) {
    this.#lines = lines;
    this.#bell = bell;
  }

  get timeMs(): number {
    return this.head?.timestampMs ?? Infinity;
  }

  /** Throws what ended the stream where that was an error. */
  isOver(): boolean {
    if (this.#end !== undefined && "error" in this.#end) throw this.#end.error;
    return this.#end !== undefined && this.head === undefined;
  }

  /** Rings the bell when the next line or the end is there. */
  fetch(): void {
    if (this.#isFetching) return;
    this.#isFetching = true;
    void this.#lines
      .next()
      .then(
        ({ done, value }) => {
          if (done === true) this.#end = {};
          else this.head = value;
        },
        (error: unknown) => {
          this.#end = { error };
        },
      )
      .finally(() => {
        this.#isFetching = false;
        this.#bell.ring();
      });
  }

  take(): ComponentLogLine | undefined {
    const line = this.head;
    this.head = undefined;
    return line;
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }
}

/** Wakes the one who waits. A ring that nobody waits for is remembered. */
class Bell {
  #isRung = false;
  #wake: () => void = () => undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake();
  }

  /** Resolves at the next ring, or after `withinMs`. */
  async rung(withinMs: number): Promise<void> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        const timer = withinMs === Infinity ? undefined : setTimeout(resolve, withinMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isRung = false;
  }
}

/** True when the promise settled in time; a rejection is passed on. */
async function within(promise: Promise<unknown>, durationMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, durationMs, false);
  });
  try {
    return await Promise.race([promise.then(() => true), expired]);
  } finally {
    clearTimeout(timer);
  }
}
