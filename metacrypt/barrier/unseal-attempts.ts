import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

const FREE_ATTEMPTS = 5;
const FIRST_DELAY_MS = 1_000;
/** No more, for anybody who can connect can also make the owner wait. */
const MAX_DELAY_MS = 60_000;

/** Makes wrong attempts in a row wait: five cost nothing, then a second, doubling up to a minute. */
export class UnsealAttempts {
  readonly #clock: Clock;
  #wrong = 0;
  #notBeforeMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws DetailedError UNSEAL_TOO_OFTEN */
  assertAllowed(): void {
    const waitMs = this.#notBeforeMs - this.#clock.now();
    if (waitMs <= 0) return;
    const seconds = String(Math.ceil(waitMs / 1000));
    throw new DetailedError({
      code: "UNSEAL_TOO_OFTEN",
      category: "resource-exhausted",
      attempted: "unseal",
      found: `${this.#wrong} wrong attempts in a row`,
      remedy: `try again in ${seconds} s`,
      facts: { retryAfterSeconds: seconds },
    });
  }

  wrong(): void {
    this.#wrong += 1;
    if (this.#wrong < FREE_ATTEMPTS) return;
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (this.#wrong - FREE_ATTEMPTS), MAX_DELAY_MS);
    this.#notBeforeMs = this.#clock.now() + delayMs;
  }

  right(): void {
    this.#wrong = 0;
    this.#notBeforeMs = 0;
  }
}
