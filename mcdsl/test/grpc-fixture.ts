import { type Client, createClient, type ServiceImpl } from "@connectrpc/connect";
import { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { rejectGuests } from "../auth/authorize.ts";
import type { TokenVerifier } from "../auth/identity.ts";
import { tokenInvalid } from "../auth/token-errors.ts";
import { systemClock } from "../clock.ts";
import { formatHostAndPort } from "../config/host-and-port.ts";
import { createGrpcClientTransport, type GrpcClientOptions } from "../grpc/client.ts";
import { type GrpcServer, type GrpcServerOptions, startGrpcServer } from "../grpc/server.ts";
import { type CapturedLog, captureLog } from "./captured-log.ts";
import type { Certificates } from "./certificates.ts";

export interface GrpcFixture extends AsyncDisposable {
  readonly server: GrpcServer;
  /** `host:port` */
  readonly address: string;
  readonly log: CapturedLog;
  /** The lines of the audit log. */
  audits(): Record<string, unknown>[];
  /** A client with the token; without one where it is empty. */
  client(token?: string, options?: Partial<GrpcClientOptions>): Client<typeof McpAgent>;
}

/** Accepts `token-of-<name>`; the account `guest` has the role guest. */
export const acceptTokens: TokenVerifier = {
  async verify(token) {
    const name = /^token-of-(\w+)$/.exec(token)?.[1];
    if (name === undefined) throw tokenInvalid("it is not a token");
    const roles = name === "guest" ? ["guest"] : ["user"];
    return { subject: `id-${name}`, name, kind: "human", roles, expiresAtMs: Infinity };
  },
};

/** A server with the given implementations of the agent's RPCs, and clients of it. */
export async function startFixture(
  certificates: Certificates,
  implementation: Partial<ServiceImpl<typeof McpAgent>>,
  options: Partial<GrpcServerOptions> = {},
): Promise<GrpcFixture> {
  await using stack = new AsyncDisposableStack();
  const log = captureLog();
  const server = await startGrpcServer({
    address: { host: "127.0.0.1", port: 0 },
    tls: certificates,
    routes: (router) => router.service(McpAgent, implementation),
    authenticator: acceptTokens,
    authorize: rejectGuests,
    logger: log.logger,
    clock: systemClock,
    ...options,
  });
  stack.use(server);
  const address = formatHostAndPort(server.address);
  const owned = stack.move();
  return {
    server,
    address,
    log,
    audits: () => log.lines.filter(({ msg }) => msg === "rpc"),
    client(token = "token-of-alice", clientOptions = {}) {
      const transport = createGrpcClientTransport({
        address,
        caFile: certificates.caFile,
        timeoutMs: 5_000,
        ...(token === "" ? {} : { token: async () => token }),
        ...clientOptions,
      });
      owned.use(transport);
      return createClient(McpAgent, transport);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
