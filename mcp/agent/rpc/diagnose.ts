import type { ServiceImpl } from "@connectrpc/connect";
import type { FindingSeverity as Severity } from "@metacircular/mcp-core/doctor/finding.ts";
import { FindingSeverity, type McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "diagnose">;

const severities: Readonly<Record<Severity, FindingSeverity>> = {
  ok: FindingSeverity.OK,
  warning: FindingSeverity.WARNING,
  problem: FindingSeverity.PROBLEM,
  unknown: FindingSeverity.UNKNOWN,
};

export function diagnoseMethods(rpc: RpcContext): Methods {
  return {
    async diagnose(_, { signal }) {
      const findings = await rpc.diagnose(signal);
      return {
        findings: findings.map((finding) => ({ ...finding, severity: severities[finding.severity] })),
      };
    },
  };
}
