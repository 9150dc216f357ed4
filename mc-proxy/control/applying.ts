import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { unlessAborted } from "@metacircular/mcdsl/unless-aborted.ts";
import type { Drift, Engine, EngineProblem } from "../engine/engine.ts";
import type { Holdings } from "./holdings.ts";

/** For a data plane that has to be started, or to read its configuration anew. */
const applyTimeoutMs = 20_000;

/** Hands what is desired to the data plane, and knows whether that has it. */
export class Applying {
  readonly #holdings: Holdings;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #signature = "";
  #failure: string | undefined = "it was not started yet";
  #checkFailure: string | undefined;
  #checked: { atMs: number; repaired: number } | undefined;
  #repairedTotal = 0;
  #appliesTotal = 0;

  constructor(parts: { holdings: Holdings; engine: Engine; clock: Clock; logger: Logger }) {
    this.#holdings = parts.holdings;
    this.#engine = parts.engine;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  /** Whether the data plane was told of all that is stored. */
  get isUpToDate(): boolean {
    return this.#failure === undefined && this.#signature === this.#holdings.filesSignature();
  }

  /** What is wrong between store and data plane. */
  get problems(): string[] {
    return [
      ...(this.#failure === undefined ? [] : [`the data plane is not as stored: ${this.#failure}`]),
      ...(this.#checkFailure === undefined
        ? []
        : [`the data plane could not be compared with what is stored: ${this.#checkFailure}`]),
    ];
  }

  /** The latest comparison; undefined: there was none. */
  get checked(): { readonly atMs: number; readonly repaired: number } | undefined {
    return this.#checked;
  }

  /** Differences that were repaired, and applications, since the start. */
  get totals(): { readonly repaired: number; readonly applied: number } {
    return { repaired: this.#repairedTotal, applied: this.#appliesTotal };
  }

  /** Makes the data plane do what is desired now.
   * @returns what it cannot do as desired
   * @throws whatever the engine throws, or DetailedError DATA_PLANE_TIMED_OUT */
  async apply(): Promise<readonly EngineProblem[]> {
    const desired = this.#holdings.desired();
    const signature = this.#holdings.filesSignature();
    const late = AbortSignal.timeout(applyTimeoutMs);
    try {
      this.#appliesTotal += 1;
      const applied = await unlessAborted(this.#engine.apply(desired), late);
      this.#failure = undefined;
      this.#signature = signature;
      if (applied.reloaded)
        this.#logger.info({ changes: applied.changes }, "data plane has its configuration");
      return applied.problems;
    } catch (thrown) {
      const error = late.aborted ? timedOut() : thrown;
      this.#failure = messageOf(error);
      throw error;
    }
  }

  /** Compares the data plane with what it was told, and repairs what differs. What fails is in `problems` then. */
  async check(signal: AbortSignal): Promise<void> {
    try {
      const drift = await this.#engine.check(signal);
      this.#checked = { atMs: this.#clock.now(), repaired: drift.count };
      this.#repairedTotal += drift.count;
      this.#checkFailure = undefined;
      this.#logDrift(drift);
    } catch (error) {
      if (signal.aborted) return;
      if (this.#checkFailure === undefined)
        this.#logger.error({ error }, "the data plane could not be compared with what is stored");
      this.#checkFailure = messageOf(error);
    }
  }

  #logDrift({ count, repaired }: Drift): void {
    if (count > 0)
      this.#logger.warn({ count, repaired }, "the data plane differed from what is stored; repaired");
  }
}

function timedOut(): DetailedError {
  return new DetailedError({
    code: "DATA_PLANE_TIMED_OUT",
    category: "unavailable",
    attempted: "apply the change to the data plane",
    found: `no success within ${applyTimeoutMs / 1_000} s`,
    remedy: "look into the log of mc-proxy for what HAProxy says",
  });
}
