import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { LogEntry, Runtime } from "../runtime/runtime.ts";

export interface LogsQuery {
  readonly service: string;
  readonly components: readonly string[];
  readonly follow: boolean;
  /** Last lines of each component; default: all. */
  readonly tail?: number;
  readonly sinceMs?: number;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface ComponentLogLine extends LogEntry {
  readonly component: string;
}
