import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { readFile } from "node:fs/promises";
import { agentAddress, type Platform } from "../platform.ts";

const timeoutMs = 10_000;

/** Calls the agent as the platform's own system account.
 * @throws DetailedError as `fromConnectError` explains, through whatever `use` throws */
export async function withAgent<T>(
  { layout, settings }: Platform,
  use: (agent: Client<typeof McpAgent>) => Promise<T>,
): Promise<T> {
  await using transport = createGrpcClientTransport({
    address: agentAddress(settings),
    caFile: layout.authorityCertificate,
    token: async () => (await readFile(layout.agent.token, "utf8")).trim(),
    timeoutMs,
    connectTimeoutMs: 10_000,
  });
  return await use(createClient(McpAgent, transport));
}

/** Resolves when the agent answers an authenticated call: its TLS, the identity service and the registry work. */
export async function checkAgent(platform: Platform, signal?: AbortSignal): Promise<void> {
  await withAgent(platform, (agent) => agent.nodeStatus({}, signal === undefined ? {} : { signal }));
}
