import type { ServiceImpl } from "@connectrpc/connect";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { architecture, readResources } from "../node/resources.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "nodeStatus">;

export function nodeStatusMethods(rpc: RpcContext): Methods {
  const { registry, runtime, clock } = rpc;
  return {
    async nodeStatus(_, { signal }) {
      const [resources, runtimeVersion] = await Promise.all([
        readResources(rpc.servicesDir, clock, signal),
        runtime.version(signal).catch((error: unknown) => {
          signal.throwIfAborted();
          return `unreachable: ${error instanceof Error ? error.message : String(error)}`;
        }),
      ]);
      const managed = registry.components.all().filter((component) => component.desired !== "ignore");
      return {
        nodeName: rpc.node,
        runtime: runtime.name,
        runtimeVersion,
        serviceCount: new Set(managed.map((component) => component.service)).size,
        componentCount: managed.length,
        diskTotalBytes: BigInt(resources.diskTotalBytes),
        diskFreeBytes: BigInt(resources.diskFreeBytes),
        memoryTotalBytes: BigInt(resources.memoryTotalBytes),
        memoryFreeBytes: BigInt(resources.memoryFreeBytes),
        cpuUsagePercent: resources.cpuUsagePercent,
        uptimeSince: timestampFromMs(rpc.startedAtMs),
        agentVersion: rpc.version,
        architecture: architecture(),
        now: timestampFromMs(clock.now()),
      };
    },
  };
}
