import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { unlessAborted } from "@metacircular/mcdsl/unless-aborted.ts";
import { observe, type Findings } from "@metacircular/mcp-core/observe.ts";
import type { ServiceLocks } from "../deploy/locks.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { ObservationSource } from "../registry/component-record.ts";
import type { Registry } from "../registry/registry.ts";
import type { Container, Runtime } from "../runtime/runtime.ts";
import { Coalescer } from "./coalesce.ts";
import { createLastSeen } from "./last-seen.ts";
import { listContainers, type Listing } from "./listing.ts";
import { createOutage } from "./outage.ts";
import { systemProcesses, type ProcessReader } from "../processes/process-status.ts";
import { createContainerProcesses } from "./processes.ts";
import { recordFindings, type RecordedObservation } from "./record.ts";
import { seenContainer } from "./seen-container.ts";

/** Brings the registry into line with what the runtime shows. */
export interface Observer {
  /** Lists all containers once and records what that shows. Components of a service that an operation holds
   * are left alone, unless `service` asks for them. Calls that come while a listing is under way share the
   * next one. Rejects where the runtime cannot be listed; after two failures in a row the components are
   * recorded as `unknown`. The signal ends the waiting, not the listing. */
  observe(request: ObserveRequest, signal?: AbortSignal): Promise<Observed>;
  /** Looks at the processes of the containers that the last listing called running. True: one is gone, and
   * it is time to observe. Takes well below a millisecond. */
  sweep(): boolean;
  /** Calls the listener after each recorded listing, whoever asked for it. */
  subscribe(listener: (observed: Observed) => void): Disposable;
}

export interface ObserveRequest {
  /** Why: what led to it is recorded as the source of what it shows. */
  readonly from: Exclude<ObservationSource, "registry">;
  /** Only this service, even while an operation holds it. Default: all. */
  readonly service?: string;
}

export interface Observed {
  readonly atMs: number;
  /** All that the runtime listed. */
  readonly containers: readonly Container[];
  /** What was recorded: one per component that was looked at. */
  readonly observations: readonly RecordedObservation[];
}

export interface ObserverOptions {
  readonly registry: Registry;
  readonly runtime: Pick<Runtime, "list">;
  readonly locks: ServiceLocks;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Name of the node, for the log. */
  readonly node: string;
  /** Default: `/proc`. */
  readonly processes?: ProcessReader;
}

export function createObserver(options: ObserverOptions): Observer {
  const { registry, runtime, locks, bus, clock } = options;
  const processes = createContainerProcesses(options.processes ?? systemProcesses);
  const lastSeen = createLastSeen(registry);
  const outage = createOutage(options);
  const listeners = new Set<(observed: Observed) => void>();
  const listings = new Coalescer(async (requests: readonly ObserveRequest[]): Promise<Observed> => {
    const listing = await listContainers({ runtime, processes, clock }).catch((error: unknown) => {
      outage.failed(error);
      throw error;
    });
    outage.succeeded();
    const atMs = clock.now();
    const observations = record(requests, listing, atMs);
    lastSeen.remember(observations);
    for (const observation of observations) announce(bus, observation, atMs);
    const observed = { atMs, containers: listing.containers, observations };
    for (const listener of listeners) listener(observed);
    return observed;
  });

  /** Compares and records; leaves out what was not asked for, what an operation holds, and what one has changed
   * since the containers were listed. */
  function record(
    requests: readonly ObserveRequest[],
    { startedMs, containers, missing }: Listing,
    atMs: number,
  ): RecordedObservation[] {
    const asked = new Set(requests.flatMap(({ service }) => service ?? []));
    const everything = requests.some(({ service }) => service === undefined);
    const isHeld = (service: string) => locks.holder(service) !== undefined;
    const findings = observe({
      components: lastSeen.components(),
      containers: containers.map((container) => seenContainer(container, missing)),
      services: registry.services.names(),
      skip: (service) => !asked.has(service) && (!everything || isHeld(service)),
    });
    const overtaken = new Set(
      changedServices(findings).filter((service) => hasOperationSince(registry, service, startedMs)),
    );
    return recordFindings(
      registry,
      withoutServices(findings, (service) => overtaken.has(service) && !asked.has(service)),
      { atMs, from: sourceOf(requests), ours: (service) => isHeld(service) || overtaken.has(service) },
    );
  }

  return {
    observe: (request, signal) => unlessAborted(listings.request(request), signal),
    sweep: () => processes.sweep(),
    subscribe(listener) {
      listeners.add(listener);
      return {
        [Symbol.dispose]() {
          listeners.delete(listener);
        },
      };
    },
  };
}

function announce(bus: EventBus, observation: RecordedObservation, atMs: number): void {
  const { service, component, desired, exitCode, state, transitions } = observation;
  for (const { previous, next } of transitions) {
    bus.publish({
      type: "state-changed",
      atMs,
      service,
      component,
      previous,
      next,
      desired,
      exitCode: next === state ? exitCode : undefined,
    });
  }
}

function changedServices({ observations, appeared, vanished }: Findings): string[] {
  const changed = observations.filter(({ previous, state, restarted }) => restarted || previous !== state);
  return [...new Set([...changed, ...appeared, ...vanished].map(({ service }) => service))];
}

/** Whether an operation on the service is under way, waits for being resumed, or ended after that time. */
function hasOperationSince(registry: Registry, service: string, sinceMs: number): boolean {
  const [newest] = registry.operations.list({ service, limit: 1, inProgress: false });
  return newest !== undefined && (newest.outcome === undefined || newest.finishedAtMs > sinceMs);
}

function withoutServices(findings: Findings, isLeftOut: (service: string) => boolean): Findings {
  const stays = ({ service }: { service: string }) => !isLeftOut(service);
  return {
    observations: findings.observations.filter(stays),
    appeared: findings.appeared.filter(stays),
    vanished: findings.vanished.filter(stays),
  };
}

function sourceOf(requests: readonly ObserveRequest[]): ObserveRequest["from"] {
  const sources = new Set(requests.map(({ from }) => from));
  return (["watch", "process"] as const).find((source) => sources.has(source)) ?? "runtime";
}

/** Settles as the result does, or rejects with the signal's reason. */
