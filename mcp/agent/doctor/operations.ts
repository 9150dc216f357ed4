import { fine, type Judgement, problem, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import type { LockHolder } from "../deploy/locks.ts";
import type { OperationRecord } from "../registry/operations.ts";
import type { Check } from "./check.ts";

const longMs = 30 * 60_000;

/** Operations that have begun and do not end. */
export const operationsCheck: Check = {
  name: "operations",
  run: ({ registry, lockHolder, clock }) =>
    judgeOperations(registry.operations.unfinished(), lockHolder, clock.now()),
};

export function judgeOperations(
  unfinished: readonly Pick<
    OperationRecord,
    "id" | "kind" | "service" | "caller" | "startedAtMs" | "attempts"
  >[],
  lockHolder: (service: string) => LockHolder | undefined,
  nowMs: number,
): Judgement[] {
  const judged = unfinished.map(({ id, kind, service, caller, startedAtMs, attempts }) => {
    const subject = `${kind} of ${service}`;
    const minutes = Math.floor(Math.max(0, nowMs - startedAtMs) / 60_000);
    const found = `${caller} began it ${minutes} min ago`;
    if (lockHolder(service)?.operationId !== id) {
      return problem(
        subject,
        `${found}, and nothing works on it`,
        "restart the agent, which takes it up again",
      );
    }
    if (nowMs - startedAtMs > longMs || attempts > 2) {
      const times = attempts > 1 ? `, in attempt ${attempts}` : "";
      return warning(
        subject,
        `${found}, and it has not ended${times}`,
        `mcp events --follow --operation ${id}`,
      );
    }
    return fine(subject, found);
  });
  return judged.length > 0 ? judged : [fine("operations", "none is unfinished")];
}
