import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { type ExitCode, exitCodes } from "../output/exit-code.ts";

const outcomes: Record<OperationOutcome, { name: string; exitCode: ExitCode }> = {
  [OperationOutcome.UNSPECIFIED]: { name: "unknown", exitCode: exitCodes.failed },
  [OperationOutcome.SUCCEEDED]: { name: "succeeded", exitCode: exitCodes.done },
  [OperationOutcome.UNCHANGED]: { name: "unchanged", exitCode: exitCodes.done },
  [OperationOutcome.PARTLY_FAILED]: { name: "partly-failed", exitCode: exitCodes.partlyFailed },
  [OperationOutcome.RESTORED]: { name: "restored", exitCode: exitCodes.restored },
  [OperationOutcome.FAILED]: { name: "failed", exitCode: exitCodes.failed },
};

/** `succeeded`, `unchanged`, `partly-failed`, `restored`, `failed`; `unknown` for those of a newer agent. */
export function outcomeName(outcome: OperationOutcome): string {
  return known(outcome).name;
}

/** Exit code of an operation; outcomes of a newer agent count as failed. */
export function exitCodeOfOutcome(outcome: OperationOutcome): ExitCode {
  return known(outcome).exitCode;
}

function known(outcome: OperationOutcome): { name: string; exitCode: ExitCode } {
  return new Map(Object.entries(outcomes)).get(String(outcome)) ?? outcomes[OperationOutcome.UNSPECIFIED];
}
