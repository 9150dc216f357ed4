import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { fileError, type FileTask, fromSystem } from "./file-errors.ts";
import { watchIdle } from "@metacircular/mcdsl/idle-watch.ts";
import type { TransferLog } from "./transfer-log.ts";

/** A push or pull that goes on, with all that it holds. Disposing it ends it, also when it is disposed twice. */
export interface Transfer extends AsyncDisposable {
  /** Keeps something until the transfer ends; then what came last is given back first. If it has ended already,
   * that is now.
   * @throws the reason of `signal` */
  hold<T extends AsyncDisposable>(resource: T): Promise<T>;
  /** Adds something to be done when it ends. */
  defer(work: () => void | Promise<void>): void;
  readonly log: TransferLog;
  /** Aborted with the reason when it is ended before its time. */
  readonly signal: AbortSignal;
  /** Does a part of it, one after the other. When that fails the transfer ends, and what the system said is translated. */
  readonly part: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Begins a transfer. It ends by itself when nothing goes on in it for `idleMs`. */
export function beginTransfer(
  task: FileTask,
  options: { log: TransferLog; clock: Clock; logger: Logger; idleMs: number },
): Transfer {
  const { log, clock, logger, idleMs } = options;
  const held = new AsyncDisposableStack();
  const over = new AbortController();
  let working: Promise<unknown> = Promise.resolve();
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> => (ended ??= endOnce());
  async function endOnce(): Promise<void> {
    over.abort(stopped(task));
    // Descriptors are closed when nobody uses their numbers any more: what is opened next gets the same ones.
    await working.catch(() => {});
    await held.disposeAsync();
  }
  const fail = (failure: unknown): void => {
    log.failed(failure);
    over.abort(failure);
    end().catch((error: unknown) => {
      logger.error({ error, path: task.path }, "cannot clean up after a transfer");
    });
  };
  const watch = watchIdle(clock, idleMs, () => fail(stalled(task, idleMs)));
  held.defer(() => {
    watch[Symbol.dispose]();
    log.brokenOff();
  });
  return {
    async hold(resource) {
      if (!held.disposed) return held.use(resource);
      await resource[Symbol.asyncDispose]();
      throw over.signal.reason;
    },
    defer: (work) => held.defer(work),
    log,
    signal: over.signal,
    async part(work) {
      over.signal.throwIfAborted();
      try {
        const going = watch.during(work());
        working = going;
        return await going;
      } catch (thrown) {
        const failure = fromSystem(task, thrown);
        fail(failure);
        await end().catch(() => {});
        throw failure;
      }
    },
    [Symbol.asyncDispose]: end,
  };
}

function stalled(task: FileTask, idleMs: number) {
  return fileError(task, {
    code: "FILE_TRANSFER_STALLED",
    category: "deadline-exceeded",
    found: `nothing was sent or taken for ${idleMs / 1000} s`,
    remedy: "check the network between, and try again",
  });
}

function stopped(task: FileTask) {
  return fileError(task, {
    code: "FILE_TRANSFER_STOPPED",
    category: "unavailable",
    found: "the agent is stopping",
    remedy: "try again when it runs",
  });
}
