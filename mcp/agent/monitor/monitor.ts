import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { isDrift } from "@metacircular/mcp-core/drift.ts";
import type { Registry } from "../registry/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { AlertDesk } from "./alert-desk.ts";
import { type AlertRulesConfig, createAlertRules } from "./alert-rules.ts";
import type { Observed, ObserveRequest, Observer } from "./observe.ts";
import { createPacer } from "./pace.ts";
import { prune, type RetentionConfig } from "./retention.ts";
import { whenSettled } from "./settle.ts";
import { withoutExplainedDrift } from "./unexplained.ts";
import { watchExits } from "./watch-exits.ts";

/** Keeps looking at the containers, and tells the alert desk what it sees. Disposing it ends everything it started. */
export interface Monitor extends AsyncDisposable {
  /** Begins; the first look comes at once. */
  start(): void;
  /** Looks soon, outside of the interval. */
  observeNow(): void;
}

export type MonitorConfig = AlertRulesConfig & RetentionConfig;

export interface MonitorOptions {
  readonly registry: Registry;
  readonly observer: Observer;
  readonly runtime: Pick<Runtime, "exitDirectories">;
  readonly alerts: AlertDesk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly node: string;
  readonly config: MonitorConfig;
}

const sweepMs = 500;
const pruneEveryMs = 60_000;
/** First pause after a failed look; doubled with each further one, up to the interval. */
const retryMs = 1_000;
/** Something that has just changed is often not finished changing: it is looked at again after this time. */
const settleMs = 1_000;

/** Why to look. `again`: something was found a moment ago by other means than the interval. */
type Cause = ObserveRequest["from"] | "again";

export function createMonitor(options: MonitorOptions): Monitor {
  const { registry, observer, clock, logger, config } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const stack = new AsyncDisposableStack();
  const rules = createAlertRules(config, options.alerts);
  const pacer = createPacer({ clock, look: lookFor });
  const watches = stack.use(watchExits({ ...options, onChange: () => pacer.request("watch") }));
  const lookAgain = whenSettled({ clock, signal, quietMs: settleMs, action: () => pacer.request("again") });
  const lookAfterOperation = whenSettled({
    clock,
    signal,
    quietMs: settleMs,
    action: () => pacer.request("runtime"),
  });

  function evaluate(observed: Observed): void {
    try {
      // Many alerts at once are one commit.
      registry.transaction(() => rules.evaluate(withoutExplainedDrift(observed, registry)));
    } catch (error) {
      logger.error({ error: messageOf(error) }, "alerts cannot be written down");
    }
    // What an operation left behind is judged once it is over.
    const isLeft = observed.observations.some(({ ours, desired, state }) => ours && isDrift(desired, state));
    if (isLeft) lookAfterOperation();
  }

  async function lookFor(causes: ReadonlySet<Cause>): Promise<void> {
    const isNews = causes.has("watch") || causes.has("process");
    const from =
      causes.has("watch") || causes.has("again") ? "watch" : causes.has("process") ? "process" : "runtime";
    await look(from);
    if (isNews) lookAgain();
  }

  async function look(from: ObserveRequest["from"]): Promise<boolean> {
    try {
      await observer.observe({ from }, signal);
      return true;
    } catch (error) {
      // An outage of the runtime is reported by the observer, once. Anything else, as a full disk, is not.
      const level = error instanceof DetailedError ? "debug" : "error";
      if (!signal.aborted) logger[level]({ error: messageOf(error) }, "cannot observe");
      return false;
    }
  }

  async function lookEveryInterval(): Promise<void> {
    for (let failures = 0; ;) {
      await watches.ensure(signal);
      failures = (await look("runtime")) ? 0 : failures + 1;
      const pauseMs = failures === 0 ? Infinity : retryMs * 2 ** (failures - 1);
      await clock.sleep(Math.min(config.intervalMs, pauseMs), signal);
    }
  }

  async function pruneOldRecords(): Promise<void> {
    for (;;) {
      try {
        await prune(registry, config, { clock, signal });
      } catch (error) {
        signal.throwIfAborted();
        logger.error(
          { error: messageOf(error) },
          "cannot delete old events, operations, alerts and revisions",
        );
      }
      await clock.sleep(pruneEveryMs, signal);
    }
  }

  async function sweep(): Promise<void> {
    for (;;) {
      await clock.sleep(sweepMs, signal);
      if (observer.sweep()) pacer.request("process");
    }
  }

  function run(name: string, loop: () => Promise<void>): void {
    const ended = loop().catch((error: unknown) => {
      if (!signal.aborted) logger.error({ loop: name, error: messageOf(error) }, "the monitor has stopped");
    });
    stack.defer(() => ended);
  }

  return {
    start() {
      stack.use(observer.subscribe(evaluate));
      run("interval", lookEveryInterval);
      run("pacer", () => pacer.run(signal));
      run("sweep", sweep);
      run("retention", pruneOldRecords);
    },
    observeNow: () => pacer.request("runtime"),
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the monitor is stopping"));
      await stack.disposeAsync();
    },
  };
}
