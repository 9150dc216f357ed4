import { componentLogs } from "./component-logs.ts";
import type { ComponentLogLine, LogsQuery } from "./logs-query.ts";

/** While following, lines are held back this long for an earlier one of another component. */
const patienceMs = 50;

const batchLimit = 256;

/** The lines of several components in the order of their times. */
export async function* mergedLogs(query: LogsQuery): AsyncGenerator<ComponentLogLine> {
  const sources = query.components.map((component) => new Source(componentLogs(component, query)));
  try {
    for (;;) {
      const open = sources.filter((source) => !source.done);
      if (open.length === 0) return;
      const waiting = open.filter((source) => source.head === undefined);
      const heads = open.length > waiting.length;
      if (waiting.length > 0) {
        const arrival = Promise.race(waiting.map((source) => source.arrival()));
        const arrived =
          heads && query.follow ? await within(arrival, patienceMs) : await arrival.then(() => true);
        if (arrived) continue;
      }
      const earliest = open.reduce((best, source) => (source.timeMs < best.timeMs ? source : best));
      const line = earliest.take();
      if (line !== undefined) yield line;
    }
  } finally {
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
  done = false;
  readonly #lines: AsyncGenerator<ComponentLogLine>;
  #arrival: Promise<void> | undefined;

  constructor(lines: AsyncGenerator<ComponentLogLine>) {
    this.#lines = lines;
  }

  get timeMs(): number {
    return this.head?.timestampMs ?? Infinity;
  }

  arrival(): Promise<void> {
    this.#arrival ??= this.#lines.next().then(({ done, value }) => {
      this.#arrival = undefined;
      if (done === true) this.done = true;
      else this.head = value;
    });
    return this.#arrival;
  }

  take(): ComponentLogLine | undefined {
    const line = this.head;
    this.head = undefined;
    return line;
  }

  async close(): Promise<void> {
    this.#arrival?.catch(() => undefined);
    await this.#lines.return(undefined);
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
