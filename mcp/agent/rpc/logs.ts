import type { ServiceImpl } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import type { LogsResponseSchema, McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { batches, mergedLogs } from "../logs/merge.ts";
import { requireService } from "./requests.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "logs">;
type Response = MessageInitShape<typeof LogsResponseSchema>;

export function logsMethods({ registry, runtime, clock }: RpcContext): Methods {
  return {
    async *logs({ service, component, follow, tail, since }, { signal }): AsyncGenerator<Response> {
      requireService(registry, service, component);
      const names = registry.service(service)?.components.map((entry) => entry.spec.name) ?? [];
      const lines = mergedLogs({
        service,
        components: names.filter((name) => component === "" || name === component),
        follow,
        ...(tail === undefined ? {} : { tail }),
        ...(since === undefined ? {} : { sinceMs: timestampMs(since) }),
        runtime,
        clock,
        signal,
      });
      for await (const batch of batches(lines, signal)) {
        yield {
          lines: batch.map(({ component: name, timestampMs: atMs, stream, text }) => ({
            component: name,
            timestamp: timestampFromMs(atMs),
            stream,
            text,
          })),
        };
      }
    },
  };
}
