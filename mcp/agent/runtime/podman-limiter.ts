/** Lets only so many run at once; the others wait in order. */
export class Limiter {
  readonly #maximum: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#maximum) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The next one takes over this one's place.
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
