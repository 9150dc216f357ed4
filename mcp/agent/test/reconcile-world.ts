import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Announcement } from "@metacircular/mcp-core/alert.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import { createMemoryRuntime } from "@metacircular/testkit/memory-runtime.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createDeployer } from "../deploy/deploy.ts";
import { executors } from "../deploy/executors.ts";
import { createServiceLocks } from "../deploy/locks.ts";
import { createEventBus } from "../events/event-bus.ts";
import type { AlertCommand } from "../monitor/alert.ts";
import { createAlertDesk } from "../monitor/alert-desk.ts";
import { createAlertRules } from "../monitor/alert-rules.ts";
import { createObserver } from "../monitor/observe.ts";
import { withoutExplainedDrift } from "../monitor/unexplained.ts";
import { createPortAllocator } from "../ports/allocate.ts";
import { createReconciler, type Reconciler } from "../reconcile/reconciler.ts";
import type { ReconcileConfig } from "../reconcile/sightings.ts";
import { openRegistry } from "../registry/registry.ts";
import { createManualClock, createMemoryLogger, type LogLine } from "./monitor-fakes.ts";

const minuteMs = 60_000;
/** For a slow disk or network; an operation that waits for something else is not waited for any longer. */
const patienceMs = 2_000;
export const cooldownMs = 15 * minuteMs;
const alertRules = { intervalMs: minuteMs, flapThreshold: 3, flapWindowMs: 10 * minuteMs };

/** As an agent is configured that repairs. */
const defaults: ReconcileConfig = {
  enabled: true,
  brake: true,
  firstDelayMs: 1_000,
  maxDelayMs: 5 * minuteMs,
  jitter: 0.2,
  giveUpAfter: 20,
  wellAfterMs: 10 * minuteMs,
};

/** The real reconciler, deployer, observer and alert desk over containers in memory and a clock moved by hand. */
export async function createReconcileWorld(options: {
  random: () => number;
  config?: Partial<ReconcileConfig>;
}) {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await createTemporaryDirectory());
  // Containers of the runtime in memory have this process, so none may be older than it.
  const clock = createManualClock(Date.now());
  const registry = stack.use(openRegistry(join(path, "mcp.db"), clock));
  const runtime = createMemoryRuntime({ directory: path, now: () => clock.now() });
  const log: LogLine[] = [];
  const announced: Announcement[] = [];
  const command: AlertCommand = {
    argv: ["notify"],
    run: (announcement) => void announced.push(announcement),
    try: () => Promise.resolve({ problem: "", output: "" }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const servicesDir = join(path, "srv");
  await mkdir(servicesDir);
  let count = 0;
  const newId = () => `operation-${++count}`;

  const operations = { asleep: 0 };
  async function sleepOfOperation(durationMs: number, signal?: AbortSignal): Promise<void> {
    operations.asleep += 1;
    try {
      await clock.sleep(durationMs, signal);
    } finally {
      operations.asleep -= 1;
    }
  }

  function startAgent(bootId: string) {
    const locks = createServiceLocks();
    const shared = {
      registry,
      runtime,
      locks,
      clock,
      logger: createMemoryLogger(log),
      bus: createEventBus(),
    };
    const observer = createObserver({ ...shared, node: "rift" });
    const desk = createAlertDesk({ ...shared, command, cooldownMs, nowMs: clock.now() });
    const rules = createAlertRules(alertRules, desk);
    const deployer = createDeployer({
      ...shared,
      node: "rift",
      servicesDir,
      clock: { now: () => clock.now(), sleep: sleepOfOperation },
      ports: createPortAllocator(Math.random),
      executors,
      observe: async (service) => void (await observer.observe({ from: "runtime", service })),
    });
    const reconciler: Reconciler = createReconciler({
      ...shared,
      observer,
      deployer,
      alerts: desk,
      random: options.random,
      newId,
      bootId,
      config: { ...defaults, ...options.config },
    });
    reconciler.start();
    observer.subscribe((observed) => rules.evaluate(withoutExplainedDrift(observed, registry)));
    return { observer, deployer, reconciler, locks };
  }

  let agent = startAgent("first");
  stack.defer(async () => {
    await agent.deployer[Symbol.asyncDispose]();
    await agent.reconciler[Symbol.asyncDispose]();
  });

  const isBusy = () => registry.operations.unfinished().length > 0;
  /** Waits until no operation does anything outside of the clock, such as looking whether a port is free. */
  async function nothingUnderWay(): Promise<void> {
    const giveUpAtMs = performance.now() + patienceMs;
    do await sleep(1);
    while (isBusy() && operations.asleep === 0 && performance.now() < giveUpAtMs);
  }

  /** Lets the time pass; what an operation does outside of the clock gets its time, too. */
  async function pass(durationMs: number): Promise<void> {
    const untilMs = clock.now() + durationMs;
    do {
      if (isBusy()) await nothingUnderWay();
      await clock.advance(Math.min(isBusy() ? 100 : nextAttemptInMs(), untilMs - clock.now()));
    } while (clock.now() < untilMs);
  }

  function nextAttemptInMs(): number {
    const times = registry.repairs.all().filter(({ state }) => state === "waiting");
    return Math.max(100, Math.min(...times.map(({ nextAtMs }) => nextAtMs - clock.now())));
  }

  const owned = stack.move();
  return {
    registry,
    runtime,
    clock,
    log,
    announced,
    pass,
    agent: () => agent,
    /** The agent ends, and another one starts. */
    async restart(bootId: string) {
      await agent.deployer[Symbol.asyncDispose]();
      await agent.reconciler[Symbol.asyncDispose]();
      agent = startAgent(bootId);
    },
    async look(): Promise<void> {
      const looked = agent.observer.observe({ from: "watch" });
      await pass(0);
      await looked;
    },
    /** Runs an operator's operation to its end. */
    async run(intent: Intent) {
      const operationId = newId();
      const running = agent.deployer.run({ operationId, caller: "alice", intent });
      do {
        await nothingUnderWay();
        await clock.advance(20);
      } while (registry.operations.get(operationId)?.outcome === undefined);
      return running;
    },
    repairOf: (component = "web") => registry.repairs.get("hello", component),
    /** Kinds of the operations that the agent ran by itself, oldest first. */
    ownOperations: () =>
      registry.operations
        .list({ service: "hello", limit: 10_000, inProgress: false })
        .filter(({ caller }) => caller === "mcp-agent")
        .map(({ kind }) => kind)
        .toReversed(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
