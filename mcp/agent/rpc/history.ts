import type { ServiceImpl } from "@connectrpc/connect";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { specToMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { deployedHash } from "../deploy/deployed.ts";
import { encodeOperation } from "./encode-operation.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "listOperations" | "listRevisions">;

const defaultLimit = 20;
const maximumLimit = 1_000;

export function historyMethods({ registry }: RpcContext): Methods {
  return {
    listOperations({ service, limit, inProgress }) {
      const operations = registry.operations.list({ service, limit: bounded(limit), inProgress });
      return { operations: operations.map(encodeOperation) };
    },
    listRevisions({ service, limit }) {
      const current = deployedHash(service, registry);
      const revisions = registry.revisions.list(service, bounded(limit));
      const deployed = revisions.find((revision) => revision.specHash === current);
      return {
        revisions: revisions.map((revision) => ({
          number: BigInt(revision.number),
          created: timestampFromMs(revision.createdAtMs),
          caller: revision.caller,
          operationId: revision.operation,
          spec: specToMessage(revision.spec),
          digests: { ...revision.digests },
          current: revision === deployed,
        })),
      };
    },
  };
}

function bounded(limit: number): number {
  return limit === 0 ? defaultLimit : Math.min(limit, maximumLimit);
}
