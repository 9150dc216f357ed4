import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { OperationKind } from "@metacircular/mcp-core/intent.ts";

/** Caller of the operations that the agent runs by itself. They give way to everybody else's. */
export const agentCaller = "mcp-agent";

/** Who works on a service. */
export interface LockHolder {
  readonly operationId: string;
  readonly kind: OperationKind;
  readonly caller: string;
  readonly sinceMs: number;
}

/** One operation per service at a time. */
export interface ServiceLocks {
  holder(service: string): LockHolder | undefined;
  /** Throws OPERATION_IN_PROGRESS, naming the holder and its age, where somebody else works on it. */
  acquire(service: string, holder: LockHolder, nowMs: number): Disposable;
}

export function createServiceLocks(): ServiceLocks {
  const holders = new Map<string, LockHolder>();
  return {
    holder: (service) => holders.get(service),
    acquire(service, holder, nowMs) {
      const other = holders.get(service);
      if (other !== undefined) throw inProgress(service, holder.kind, other, nowMs);
      holders.set(service, holder);
      return {
        [Symbol.dispose]() {
          holders.delete(service);
        },
      };
    },
  };
}

function inProgress(service: string, kind: OperationKind, holder: LockHolder, nowMs: number): DetailedError {
  const ageS = Math.max(0, Math.round((nowMs - holder.sinceMs) / 1000));
  return new DetailedError({
    code: "OPERATION_IN_PROGRESS",
    category: "aborted",
    attempted: kind,
    subject: service,
    found: `${holder.caller} has been running a ${holder.kind} of it for ${ageS} s`,
    remedy: `wait for it, or follow it with: mcp events -f --operation ${holder.operationId}`,
    facts: {
      holder: holder.caller,
      operation: holder.operationId,
      kind: holder.kind,
      since: new Date(holder.sinceMs).toISOString(),
    },
  });
}
