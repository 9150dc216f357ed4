import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type OperationKind, serviceOf } from "@metacircular/mcp-core/intent.ts";
import type { OperationRecord } from "../registry/operations.ts";
import type { OperationRequest } from "./deployer-options.ts";
import { agentCaller, type ServiceLocks } from "./locks.ts";

/** Breaks off what the agent does by itself where somebody asks for something else. */
export interface Preemptions {
  /** Returns once no operation of the agent's own holds the service that the request is about. */
  makeWay(request: OperationRequest): Promise<void>;
  /** To be called when an operation begins, and disposed when it has ended. */
  track(request: OperationRequest): Preemptible;
}

export interface Preemptible extends Disposable {
  /** What the operation has to heed: it aborts when it has to give way, and when the agent shuts down. */
  readonly signal: AbortSignal;
  /** What it had to give way for, if it had to. */
  reason(): DetailedError | undefined;
}

/** @param parts.shutdown aborts when the agent shuts down */
export function createPreemptions(parts: {
  running: ReadonlyMap<string, Promise<OperationRecord>>;
  locks: ServiceLocks;
  shutdown: AbortSignal;
}): Preemptions {
  const { running, locks, shutdown } = parts;
  const own = new Map<string, AbortController>();

  return {
    async makeWay(request) {
      if (isOwn(request)) return;
      for (;;) {
        const operationId = locks.holder(serviceOf(request.intent))?.operationId ?? "";
        const controller = own.get(operationId);
        if (controller === undefined) return;
        controller.abort(preempted(request));
        await Promise.allSettled([running.get(operationId)]);
      }
    },
    track(request) {
      const { operationId } = request;
      if (!isOwn(request)) {
        return { signal: shutdown, reason: () => undefined, [Symbol.dispose]: () => undefined };
      }
      const controller = new AbortController();
      own.set(operationId, controller);
      return {
        signal: AbortSignal.any([shutdown, controller.signal]),
        reason: () =>
          shutdown.aborted ? undefined : (controller.signal.reason as DetailedError | undefined),
        [Symbol.dispose]: () => void own.delete(operationId),
      };
    },
  };
}

const ownKinds: ReadonlySet<OperationKind> = new Set(["repair", "brake", "edge"]);

/** An account may have the name, too; what it asks for is not put off. */
function isOwn({ caller, intent }: OperationRequest): boolean {
  return caller === agentCaller && ownKinds.has(intent.kind);
}

function preempted({ caller, intent }: OperationRequest): DetailedError {
  return new DetailedError({
    code: "OPERATION_PREEMPTED",
    category: "aborted",
    attempted: "repair",
    subject: serviceOf(intent),
    found: `${caller} asked for a ${intent.kind} of it`,
    remedy: "nothing: what the agent does by itself gives way, and goes on later where that is still needed",
  });
}
