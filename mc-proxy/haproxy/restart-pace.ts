const longestDelayMs = 5_000;
const stableMs = 10_000;

/** How long to wait before HAProxy is started again: not at all the first time, longer where it keeps ending. */
export class RestartPace {
  readonly #nowMs: () => number;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;

  /** @param nowMs monotonous, in milliseconds */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  started(): void {
    this.#startedAtMs = this.#nowMs();
  }

  /** Call it once before each start. The first quick end costs nothing: only a series is slowed down. */
  nextDelayMs(): number {
    if (this.#nowMs() - this.#startedAtMs > stableMs) this.#failures = 0;
    this.#failures += 1;
    return this.#failures <= 2 ? 0 : Math.min(longestDelayMs, 50 * 2 ** (this.#failures - 2));
  }
}
