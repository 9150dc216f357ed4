import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { NodeConfig } from "../config/load.ts";

export type AgentClient = Client<typeof McpAgent>;

/** A connection to the agent of one node. */
export interface AgentConnection extends AsyncDisposable {
  readonly agent: AgentClient;
}

/** For questions; operations set a longer time themselves. */
const timeoutMs = 15_000;

/** Prepares a connection, which is made by the first call. */
export function connectAgent(
  node: NodeConfig,
  options: { caFile: string | undefined; token: () => Promise<string> },
): AgentConnection {
  const transport = createGrpcClientTransport({
    address: node.address,
    caFile: options.caFile,
    serverName: node.serverName,
    token: options.token,
    timeoutMs,
    maxMessageBytes: 16 * 1024 * 1024,
  });
  return {
    agent: createClient(McpAgent, transport),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
