import type { Clock } from "@metacircular/mcdsl/clock.ts";

/** What a step did; undefined when there was nothing to do. */
export type StepResult = string | undefined;

interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const titleWidth = 14;
const clearLine = "\r\u001B[K";

/** Shows one line for each step that did something, with the time it took. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  #changes = 0;

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
  }

  /** Whether any step did something. */
  get changed(): boolean {
    return this.#changes > 0;
  }

  async step(title: string, body: () => Promise<StepResult>): Promise<void> {
    const sinceMs = this.#clock.now();
    const interactive = this.#terminal.isTTY === true;
    if (interactive) this.#terminal.write(`  ...  ${title}`);
    let outcome: { sign: string; result: StepResult } = { sign: "FAIL", result: "failed" };
    try {
      outcome = { sign: "ok  ", result: await body() };
    } finally {
      if (interactive) this.#terminal.write(clearLine);
      this.#finish(title, outcome, this.#clock.now() - sinceMs);
    }
  }

  #finish(title: string, { sign, result }: { sign: string; result: StepResult }, durationMs: number): void {
    if (result === undefined) return;
    this.#changes += 1;
    const seconds = (durationMs / 1_000).toFixed(1);
    this.#terminal.write(`  ${sign} ${title.padEnd(titleWidth)} ${result} (${seconds} s)\n`);
  }
}
