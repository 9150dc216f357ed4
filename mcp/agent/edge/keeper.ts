import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { certificateDelayMs, edgeDelayMs } from "@metacircular/mcp-core/edge/backoff.ts";
import type { EdgeEffect } from "@metacircular/mcp-core/edge/effect.ts";
import type { Deployer } from "../deploy/deploy.ts";
import { agentCaller, type ServiceLocks } from "../deploy/locks.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { AlertDesk } from "../monitor/alert-desk.ts";
import { createWaiting } from "../reconcile/waiting.ts";
import type { Registry } from "../registry/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { announceEdge } from "./announce.ts";
import { type Attempts, createAttempts } from "./attempts.ts";
import type { Edge } from "./edge.ts";
import { findDrift, type ServiceDrift } from "./find-drift.ts";

/** Brings the edge to what was last asked for, whoever or whatever moved it away: tries again what is pending, renews
 * certificates, and compares all there is at an interval. Disposing it begins nothing more, and waits for what it has
 * begun. */
export interface EdgeKeeper extends AsyncDisposable {
  start(): void;
}

export interface EdgeKeeperOptions {
  readonly edge: Edge;
  readonly registry: Registry;
  readonly deployer: Pick<Deployer, "run">;
  readonly runtime: Pick<Runtime, "list">;
  readonly locks: ServiceLocks;
  readonly alerts: Pick<AlertDesk, "raise" | "recover">;
  readonly bus: Pick<EventBus, "subscribe">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
  /** Between two comparisons where nothing is pending. */
  readonly intervalMs: number;
}

/** A service that an operation holds is looked at again after this time. */
const busyMs = 1_000;
const mostAtOnce = 8;

export function createEdgeKeeper(options: EdgeKeeperOptions): EdgeKeeper {
  const { edge, registry, deployer, locks, bus, clock, logger, newId, intervalMs } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const waiting = createWaiting(clock, signal);
  // The authority, which is asked more and more seldom, holds up nothing else.
  const attempts = { certificates: createAttempts(), others: createAttempts() };
  const ended: Promise<void>[] = [];
  let looksInVain = 0;

  async function look(): Promise<number> {
    const effects = registry.edge.all();
    const services = new Set(effects.map(({ service }) => service));
    for (const each of Object.values(attempts)) each.keep(services);
    if (effects.length === 0) {
      announceEdge([], new Map(), options);
      return clock.now() + intervalMs;
    }
    const hostnames = [...new Set(effects.map(({ hostname }) => hostname))];
    const [sight, containers] = await Promise.all([
      edge.observe(hostnames, signal),
      options.runtime.list(signal),
    ]);
    const drifting = findDrift({
      edge,
      registry,
      sight,
      containers,
      nowMs: clock.now(),
      isBusy: (service) => locks.holder(service) !== undefined,
    });
    await repairAll(drifting);
    const left = registry.edge.all();
    announceEdge(left, sight.certificates, options);
    return nextLookMs(left, drifting);
  }

  function repairAll(drifting: readonly ServiceDrift[]): Promise<void> {
    const free = drifting.filter(({ service }) => locks.holder(service) === undefined);
    const due = dueOf(free, attempts, clock.now());
    return fewAtOnce(due, ({ service, certificates }) => repair(service, certificates));
  }

  async function repair(service: string, withCertificates: boolean): Promise<void> {
    if (signal.aborted) return;
    try {
      const intent = { kind: "edge", service, withoutCertificates: !withCertificates } as const;
      await deployer.run({ operationId: newId(), caller: agentCaller, intent });
    } catch (error) {
      // Somebody else is at work, or the agent is stopping; what is not done then is seen again.
      logger.debug({ service, error: messageOf(error) }, "the edge was not repaired");
    }
    const left = pendingOf(registry.edge.ofService(service));
    const certificates = left.filter(({ kind, wanted }) => kind === "certificate" && wanted);
    const nowMs = clock.now();
    attempts.others.count(service, nowMs, left.length > certificates.length ? edgeDelayMs : undefined);
    if (withCertificates || certificates.length === 0)
      attempts.certificates.count(service, nowMs, delayOf(certificates));
  }

  /** Services that do not answer are asked again and again, at growing intervals. */
  function nextLookMs(effects: readonly EdgeEffect[], drifting: readonly ServiceDrift[]): number {
    const nowMs = clock.now();
    const isBusy = drifting.some(({ service }) => locks.holder(service) !== undefined);
    const isPending = pendingOf(effects).length > 0;
    looksInVain = isPending ? looksInVain + 1 : 0;
    if (isBusy) return nowMs + busyMs;
    return nowMs + (isPending ? Math.min(edgeDelayMs(looksInVain), intervalMs) : intervalMs);
  }

  async function lookOrRetry(): Promise<number> {
    try {
      return await look();
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ error: messageOf(error) }, "cannot compare the edge");
      looksInVain += 1;
      return clock.now() + Math.min(intervalMs, edgeDelayMs(looksInVain));
    }
  }

  async function run(): Promise<void> {
    for (;;) await waiting.until(await lookOrRetry());
  }

  /** What an operation could not do is tried soon. */
  async function listen(): Promise<void> {
    for await (const event of bus.subscribe(signal)) {
      if (event.type !== "operation-finished" || event.kind === "edge") continue;
      looksInVain = 0;
      if (pendingOf(registry.edge.ofService(event.service)).length > 0) waiting.wake();
    }
  }

  return {
    start() {
      for (const loop of [run, listen]) {
        const over = loop().catch((error: unknown) => {
          if (!signal.aborted) logger.error({ error: messageOf(error) }, "the edge is not kept any more");
        });
        ended.push(over);
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the agent is stopping"));
      await Promise.allSettled(ended);
    },
  };
}

async function fewAtOnce<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: mostAtOnce }, worker));
}

function pendingOf(effects: readonly EdgeEffect[]): EdgeEffect[] {
  return effects.filter(({ pending }) => pending !== undefined);
}

function delayOf(certificates: readonly EdgeEffect[]): ((failed: number) => number) | undefined {
  const codes = certificates.map(({ pending }) => pending?.code ?? "");
  return codes.length === 0 ? undefined : (failed) => certificateDelayMs(failed, codes);
}

/** What is due of what could be done now. */
function dueOf(
  drifting: readonly ServiceDrift[],
  attempts: { readonly certificates: Attempts; readonly others: Attempts },
  nowMs: number,
): { service: string; certificates: boolean }[] {
  return drifting.flatMap(({ service, has }) => {
    const certificates = has.certificates && attempts.certificates.isDue(service, nowMs);
    const others = has.others && attempts.others.isDue(service, nowMs);
    return certificates || others ? [{ service, certificates }] : [];
  });
}
