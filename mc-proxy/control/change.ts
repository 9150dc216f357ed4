import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { EngineProblem } from "../engine/engine.ts";
import type { Applying } from "./applying.ts";
import { KeyLocks } from "./key-locks.ts";

/** One change of what is stored. */
export interface Change {
  /** What may change one at a time only, e.g. `route a.example.org:443`. */
  readonly subject: string;
  /** Continues "cannot …", e.g. `add route`. */
  readonly attempted: string;
  /** Stores it; throws where that fails, having changed nothing. */
  store(): void;
  /** What has to be read between storing and applying it. */
  prepare?(): Promise<void>;
  /** Stores what was there before. */
  undo(): void;
  /** Whether the data plane's problem is about this change. */
  isAbout(problem: EngineProblem): boolean;
}

/** Makes changes: stored first, then applied to the data plane, and only then are they answered. What cannot be applied
 * is undone, so that store and data plane agree, and reported. */
export class Changes {
  readonly #applying: Applying;
  readonly #logger: Logger;
  readonly #locks = new KeyLocks();

  constructor(applying: Applying, logger: Logger) {
    this.#applying = applying;
    this.#logger = logger;
  }

  /** Decides on a change while nothing else changes the subject, and makes it.
   * @param decide returns undefined where nothing has to be done
   * @throws DetailedError what `store` throws, or CHANGE_NOT_APPLIED */
  make(subject: string, decide: () => Promise<Change | undefined> | Change | undefined): Promise<void> {
    return this.#locks.run(subject, async () => {
      const change = await decide();
      if (change === undefined) return;
      change.store();
      await this.#apply(change);
    });
  }

  async #apply(change: Change): Promise<void> {
    let cause: unknown;
    let found: string | undefined;
    try {
      await change.prepare?.();
      found = (await this.#applying.apply()).find((problem) => change.isAbout(problem))?.found;
    } catch (thrown) {
      cause = thrown;
      found = messageOf(thrown);
    }
    if (found === undefined) {
      this.#logger.info({ change: change.attempted, subject: change.subject }, "change is in effect");
      return;
    }
    const isUndone = this.#undo(change);
    throw new DetailedError({
      code: "CHANGE_NOT_APPLIED",
      category: cause === undefined ? "failed-precondition" : "unavailable",
      attempted: change.attempted,
      subject: change.subject,
      found: `the data plane does not take it: ${found}`,
      remedy: isUndone
        ? "try again; all is as it was before"
        : "mend the disk of the database; the change stays stored and is tried again until then",
      cause,
    });
  }

  #undo(change: Change): boolean {
    try {
      change.undo();
    } catch (error) {
      this.#logger.error({ error, subject: change.subject }, "a change that failed could not be undone");
      return false;
    }
    // Otherwise the data plane would try the failed change again. Where this fails too, the reconciliation goes on.
    this.#applying.apply().catch((error: unknown) => {
      this.#logger.warn({ error, subject: change.subject }, "the previous state could not be applied yet");
    });
    return true;
  }
}
