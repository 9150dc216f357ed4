import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Repair } from "@metacircular/mcp-core/repair.ts";
import type { RepairInfoSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

/** What the agent is doing about a component by itself, where anybody need know of it. */
export function encodeRepair(repair: Repair | undefined): {
  repair?: MessageInitShape<typeof RepairInfoSchema>;
} {
  if (repair === undefined) return {};
  const { state, cause, attempts, reason, log, nextAtMs } = repair;
  if (state === "watching") return {};
  const info = {
    state: state === "waiting" && cause === "crash-loop" ? "crash-loop" : state,
    attempts,
    ...(nextAtMs === 0 ? {} : { next: timestampFromMs(nextAtMs) }),
    reason,
    log: [...log],
  };
  return { repair: info };
}
