/** Runs tasks with the same key one after another, with a bound on all that wait or run. */
export class OneAtATime {
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #maxPending: number;
  #pending = 0;

  constructor(maxPending: number) {
    this.#maxPending = maxPending;
  }

  /** Returns undefined, and runs nothing, when the bound is reached. */
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result> | undefined {
    if (this.#pending >= this.#maxPending) return undefined;
    this.#pending += 1;
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(task);
    const tail = result.then(noop, noop).finally(() => {
      this.#pending -= 1;
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
    return result;
  }
}

function noop(): void {}
