import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { ServiceLocks } from "../deploy/locks.ts";
import type { Observed, Observer } from "../monitor/observe.ts";
import type { RepairRecord } from "../registry/repairs.ts";
import { createReboot } from "./reboot.ts";
import { createRepairer, type RepairerOptions } from "./repairer.ts";
import { createSightings } from "./sightings.ts";
import { createWaiting } from "./waiting.ts";

/** Brings back what should run, and brakes what ends again and again. Disposing it begins nothing more, and waits
 * for what it has begun. */
export interface Reconciler extends AsyncDisposable {
  /** To be called before the first look at the containers. */
  start(): void;
  /** Whether drift of the service is repaired. */
  isEnabled(service: string): boolean;
}

export interface ReconcilerOptions extends RepairerOptions {
  readonly observer: Pick<Observer, "observe" | "subscribe">;
  readonly locks: ServiceLocks;
  readonly clock: Clock;
  /** Of this boot of the machine; empty: not known. */
  readonly bootId: string;
}

/** Services that are repaired at once. Most of that is waiting for health, 3 s where nothing tells it; the runtime
 * itself is asked for fewer changes at a time. */
const mostAtOnce = 64;
/** A service that an operation holds, and a runtime that does not answer, are tried again after this time. */
const retryMs = 1_000;
/** What was seen within this time need not be looked at again before it is repaired. */
const freshMs = 1_000;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { registry, observer, locks, clock, logger, config } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const stack = new AsyncDisposableStack();
  const waiting = createWaiting(clock, signal);
  /** By service: what is being done to it. */
  const busy = new Map<string, Promise<void>>();
  const reboot = createReboot(options);
  const isEnabled = (service: string) => registry.services.reconcile(service) ?? config.enabled;
  const isRebooted = (service: string) => reboot.concerns(service);
  const sightings = createSightings({ ...options, isEnabled, isRebooted });
  const repairer = createRepairer(options, signal);
  let seenAtMs = 0;
  let notBeforeMs = 0;

  function look(observed: Observed): void {
    try {
      const looping = registry.transaction(() => {
        const taken = sightings.take(observed);
        reboot.seen(observed.observations);
        return taken;
      });
      seenAtMs = observed.atMs;
      for (const name of looping) occupy(name.service, () => repairer.stopLooping(name));
    } catch (error) {
      logger.error({ error: messageOf(error) }, "cannot write down what there is to repair");
    }
    waiting.wake();
  }

  function occupy(service: string, work: () => Promise<void>): void {
    if (busy.has(service) || signal.aborted) return;
    const done = work()
      .catch((error: unknown) => {
        logger.error({ service, error: messageOf(error) }, "a repair stopped half-way");
      })
      .finally(() => {
        busy.delete(service);
        waiting.wake();
      });
    busy.set(service, done);
  }

  /** What can be begun now, by service. */
  function dueRepairs(): [string, RepairRecord[]][] {
    const nowMs = clock.now();
    const due = registry.repairs
      .all()
      .filter(({ state, nextAtMs }) => state === "waiting" && nextAtMs <= nowMs)
      .filter(({ service }) => !busy.has(service) && locks.holder(service) === undefined);
    const services = Map.groupBy(due, ({ service }) => service);
    return [...services].slice(0, mostAtOnce - busy.size);
  }

  /** When to look again at what is due, unless something happens before. */
  function nextAtMs(): number {
    const times = registry.repairs
      .all()
      .filter(({ state, service }) => state === "waiting" && !busy.has(service))
      .map((repair) =>
        locks.holder(repair.service) === undefined ? repair.nextAtMs : clock.now() + retryMs,
      );
    return Math.max(Math.min(...times), notBeforeMs, clock.now());
  }

  async function begin(): Promise<void> {
    // A clock that was set back must not put it off.
    notBeforeMs = Math.min(notBeforeMs, clock.now() + retryMs);
    if (clock.now() < notBeforeMs || dueRepairs().length === 0) return;
    try {
      if (Math.abs(clock.now() - seenAtMs) >= freshMs) await observer.observe({ from: "runtime" }, signal);
    } catch (error) {
      signal.throwIfAborted();
      logger.debug({ error: messageOf(error) }, "cannot look at what is to be repaired");
      notBeforeMs = clock.now() + retryMs;
      return;
    }
    for (const [service, due] of dueRepairs()) occupy(service, () => repairer.repair(due));
  }

  async function run(): Promise<void> {
    for (;;) {
      await begin();
      await waiting.until(busy.size >= mostAtOnce ? Infinity : nextAtMs());
    }
  }

  return {
    start() {
      reboot.begin();
      stack.use(observer.subscribe(look));
      const ended = run().catch((error: unknown) => {
        if (!signal.aborted) logger.error({ error: messageOf(error) }, "nothing is repaired any more");
      });
      stack.defer(() => ended);
    },
    isEnabled,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the agent is stopping"));
      await stack.disposeAsync();
      await Promise.allSettled(busy.values());
    },
  };
}
