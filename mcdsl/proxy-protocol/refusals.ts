import type { Clock } from "../clock.ts";
import { DetailedError } from "../errors.ts";
import type { Logger } from "../log/logger.ts";

const quietMs = 60_000;

/** Tells of connections without a usable header: of the first at once, then at most once a minute, with how many there
 * were since. */
export class HeaderRefusals {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, "now">;
  #toldAtMs = -Infinity;
  #untold = 0;

  constructor(logger: Logger, clock: Pick<Clock, "now">) {
    this.#logger = logger;
    this.#clock = clock;
  }

  record(peer: string, found: string): void {
    this.#untold += 1;
    const sinceMs = this.#clock.now() - this.#toldAtMs;
    if (sinceMs >= 0 && sinceMs < quietMs) return;
    const error = new DetailedError({
      code: "PROXY_HEADER_INVALID",
      category: "invalid-argument",
      attempted: "take a connection of",
      subject: peer,
      found,
      remedy: "have the proxy send the PROXY protocol, or take its address out of proxy_protocol_from",
    });
    this.#logger.warn({ error, connections: this.#untold }, "connections without a PROXY header are closed");
    this.#toldAtMs = this.#clock.now();
    this.#untold = 0;
  }
}
