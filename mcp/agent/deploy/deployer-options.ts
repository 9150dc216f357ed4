import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import type { Edge } from "../edge/edge.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { ImageRegistry } from "../images/image-registry.ts";
import type { PortAllocator } from "../ports/allocate.ts";
import type { Registry } from "../registry/registry.ts";
import type { Container, Runtime } from "../runtime/runtime.ts";
import type { Executors } from "./executors.ts";
import type { ServiceLocks } from "./locks.ts";

export interface DeployerOptions {
  readonly node: string;
  readonly servicesDir: string;
  readonly registry: Registry;
  readonly runtime: Runtime;
  /** Undefined: the agent looks after none. */
  readonly edge?: Edge | undefined;
  /** Asked what tags name; undefined: there is none to ask. */
  readonly imageRegistry?: ImageRegistry | undefined;
  readonly ports: PortAllocator;
  readonly locks: ServiceLocks;
  readonly executors: Executors;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after each operation, so that the registry shows what it left behind. */
  readonly observe: (service: string) => Promise<void>;
}

/** What the deployer gives to its parts. */
export interface EngineOptions extends DeployerOptions {
  /** All containers. Those who ask at the same time share a listing, which begins after each of them asked. */
  readonly list: () => Promise<readonly Container[]>;
}

export interface OperationRequest {
  readonly operationId: string;
  readonly caller: string;
  readonly intent: Intent;
}
