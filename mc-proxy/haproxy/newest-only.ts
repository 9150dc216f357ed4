/** Executes work one after the other. Of several inputs that wait only the newest is worked on. */
export class NewestOnly<Input, Output> {
  readonly #work: (input: Input) => Promise<Output>;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting: { input: Input; readonly result: Promise<Output> } | undefined;

  constructor(work: (input: Input) => Promise<Output>) {
    this.#work = work;
  }

  /** Resolves with the result for this input, or for a newer one that replaced it before its turn. */
  submit(input: Input): Promise<Output> {
    if (this.#waiting !== undefined) {
      this.#waiting.input = input;
      return this.#waiting.result;
    }
    const result = this.alone(() => {
      const newest = this.#waiting?.input ?? input;
      this.#waiting = undefined;
      return this.#work(newest);
    });
    this.#waiting = { input, result };
    return result;
  }

  /** Executes something else in its turn. */
  alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
