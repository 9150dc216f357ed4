import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { DesiredState } from "@metacircular/mcp-core/spec.ts";
import { aComponent } from "@metacircular/testkit/specs.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createServiceLocks } from "../deploy/locks.ts";
import type { AgentEvent } from "../events/agent-event.ts";
import { createObserver } from "../monitor/observe.ts";
import type { ProcessReader } from "../processes/process-status.ts";
import { openRegistry } from "../registry/registry.ts";
import { type Container, labels } from "../runtime/runtime.ts";

/** A clock that a test moves by hand. */
export interface ManualClock extends Clock {
  /** How many sleep now. */
  sleeping(): number;
  /** Moves on, and lets everything run that was due, in order. */
  advance(durationMs: number): Promise<void>;
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = startMs;
  const sleepers = new Set<{ dueMs: number; wake: () => void }>();
  return {
    now: () => nowMs,
    sleeping: () => sleepers.size,
    sleep(durationMs, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const abort = () => reject(signal?.reason as Error);
      if (signal?.aborted === true) abort();
      signal?.addEventListener("abort", abort, { once: true });
      const sleeper = { dueMs: nowMs + durationMs, wake: resolve };
      sleepers.add(sleeper);
      return promise.finally(() => {
        sleepers.delete(sleeper);
        signal?.removeEventListener("abort", abort);
      });
    },
    async advance(durationMs) {
      const untilMs = nowMs + durationMs;
      await turns();
      for (;;) {
        const [next] = [...sleepers].toSorted((a, b) => a.dueMs - b.dueMs);
        if (next === undefined || next.dueMs > untilMs) break;
        nowMs = Math.max(nowMs, next.dueMs);
        next.wake();
        await turns();
      }
      nowMs = untilMs;
    },
  };
}

/** Lets everything go on that waits for nothing but its turn. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
}

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: object;
}

export function createMemoryLogger(lines: LogLine[]): Logger {
  const at = (level: LogLine["level"]) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  const logger: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logger,
  };
  return logger;
}

/** A running container of `hello-web`, listed by the runtime. */
export function aListed(fields: Partial<Container> = {}): Container {
  const name = fields.name ?? "hello-web";
  return {
    id: `id-of-${name}`,
    name,
    image: "localhost/web:v1",
    imageId: "sha256:1",
    state: "running",
    pid: 42,
    createdAtMs: 1_000,
    startedAtMs: 1_000,
    exitedAtMs: 0,
    exitCode: 0,
    labels: { [labels.service]: "hello", [labels.component]: "web" },
    ports: [],
    networks: [],
    ...fields,
  };
}

/** An observer over a real registry and a runtime and process table in memory. */
export async function createObserverWorld() {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await createTemporaryDirectory());
  const clock = createManualClock();
  const registry = stack.use(openRegistry(join(directory.path, "mcp.db"), clock));
  const locks = createServiceLocks();
  const log: LogLine[] = [];
  const logger = createMemoryLogger(log);
  const published: AgentEvent[] = [];
  const bus = { publish: (event: AgentEvent) => void published.push(event), subscribe: neverSubscribed };
  const world = {
    containers: [] as readonly Container[],
    listings: 0,
    listingFails: false,
    /** How long a listing takes. */
    beforeListingEnds: (): Promise<void> => setImmediate(),
    gone: new Set<number>(),
  };
  const runtime = {
    async list() {
      world.listings += 1;
      const seen = [...world.containers];
      await world.beforeListingEnds();
      if (world.listingFails) throw new Error("connection refused");
      return seen;
    },
    exitDirectories: () => Promise.resolve([]),
  };
  const processes: ProcessReader = {
    exists: (pid) => !world.gone.has(pid),
    start: (pid) => (world.gone.has(pid) ? undefined : `start of ${pid}`),
    belongsTo: (pid) => !world.gone.has(pid),
  };
  const observer = createObserver({ registry, runtime, locks, bus, clock, logger, node: "rift", processes });
  const owned = stack.move();
  return Object.assign(world, {
    registry,
    runtime,
    locks,
    bus,
    clock,
    logger,
    log,
    published,
    observer,
    /** Registers a component of a service. */
    register(service: string, component: string, desired: DesiredState = "running") {
      if (registry.services.isActive(service) === undefined) registry.services.record(service, true);
      const spec = aComponent({ name: component, image: "localhost/web:v1" });
      registry.components.record({
        service,
        position: 0,
        desired,
        spec,
        version: "v1",
        imageDigest: "",
        hostPorts: {},
      });
    },
    stateOf: (service: string, component: string) => registry.components.get(service, component)?.observed,
    /** All recorded changes of state, oldest first. */
    events: () =>
      registry.events
        .recent({ service: "", sinceMs: 0, limit: 1_000 })
        .toReversed()
        .map(({ service, component, previous, next }) => `${service}/${component} ${previous} -> ${next}`),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  });
}

async function* neverSubscribed(): AsyncGenerator<never> {
  // Nothing here subscribes: what is published is read from the list.
}
