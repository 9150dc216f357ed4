import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import type { Edge } from "../edge/edge.ts";
import type { ImageRegistry } from "../images/image-registry.ts";
import type { Registry } from "../registry/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What a step may use. */
export interface StepContext {
  readonly operationId: string;
  readonly caller: string;
  readonly service: string;
  readonly intent: Intent;
  readonly node: string;
  readonly servicesDir: string;
  readonly registry: Registry;
  readonly runtime: Runtime;
  /** Undefined: the agent looks after none. */
  readonly edge: Edge | undefined;
  /** Undefined: none can be asked. */
  readonly imageRegistry: ImageRegistry | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the agent shuts down. */
  readonly signal: AbortSignal;
}

export type Executor<Step> = (step: Step, context: StepContext) => Promise<void>;
