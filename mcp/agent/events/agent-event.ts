import type { AlertType } from "@metacircular/mcp-core/alert.ts";
import type { ComponentResult, Failure, OperationOutcome } from "@metacircular/mcp-core/outcome.ts";
import type { OperationKind } from "@metacircular/mcp-core/intent.ts";
import type { DesiredState, ObservedState } from "@metacircular/mcp-core/spec.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";

/** Something that happened on the node and that watchers are told of. */
export type AgentEvent = {
  readonly atMs: number;
  readonly service: string;
  /** Empty: the service as a whole. */
  readonly component: string;
} & AgentEventBody;

export type AgentEventBody =
  | {
      readonly type: "state-changed";
      readonly previous: ObservedState;
      readonly next: ObservedState;
      readonly desired: DesiredState;
      readonly exitCode: number | undefined;
    }
  | {
      readonly type: "operation-started";
      readonly operationId: string;
      readonly kind: OperationKind;
      readonly caller: string;
      readonly steps: readonly Step[];
    }
  | {
      readonly type: "step-started";
      readonly operationId: string;
      readonly index: number;
      readonly step: Step;
    }
  | {
      readonly type: "step-finished";
      readonly operationId: string;
      readonly index: number;
      readonly step: Step;
      readonly failure: Failure | undefined;
      /** Undefined where only the journal tells of it. */
      readonly durationMs: number | undefined;
    }
  | {
      readonly type: "operation-finished";
      readonly operationId: string;
      readonly kind: OperationKind;
      readonly outcome: OperationOutcome;
      readonly results: readonly ComponentResult[];
    }
  | {
      readonly type: "alert";
      readonly alert: AlertType | "recovered";
      readonly desired: DesiredState;
      readonly observed: ObservedState;
      readonly previous: ObservedState;
      readonly transitions: number;
      /** Of "recovered": what has ended, and how long it lasted. */
      readonly recovered?: AlertType;
      readonly durationMs?: number;
    }
  | {
      readonly type: "tag-moved";
      readonly image: string;
      readonly runningDigest: string;
      readonly digest: string;
    };
