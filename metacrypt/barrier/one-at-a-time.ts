import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** Runs what changes the seal one after the other; at most so many wait. */
export class OneAtATime {
  readonly #maxWaiting: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** @throws DetailedError SEAL_BUSY */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#maxWaiting) throw busy();
    this.#waiting += 1;
    const mine = this.#last.then(work).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

function busy(): DetailedError {
  return new DetailedError({
    code: "SEAL_BUSY",
    category: "resource-exhausted",
    attempted: "change or open the seal",
    found: "too many wait for it already",
    remedy: "try again in a moment",
  });
}
