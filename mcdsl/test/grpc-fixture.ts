import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2, constants } from "node:http2";
import { type Client, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { tokenAdmission } from "../auth/admission.ts";
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
  readonly caFile: string;
  readonly log: CapturedLog;
  /** The lines of the audit log. */
  audits(): Record<string, unknown>[];
  /** A client with the token; without one where it is empty. */
  client(token?: string, options?: Partial<GrpcClientOptions>): Client<typeof McpAgent>;
}

/** Accepts `token-of-<name>`; the accounts `guest` and `admin` have the roles of these names. */
export const acceptTokens: TokenVerifier = {
  async verify(token) {
    const name = /^token-of-(\w+)$/.exec(token)?.[1];
    if (name === undefined) throw tokenInvalid("it is not a token");
    const roles = name === "guest" || name === "admin" ? [name] : ["user"];
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
    admit: tokenAdmission(acceptTokens, rejectGuests),
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
    caFile: certificates.caFile,
    log,
    audits: () => log.lines.filter(({ msg }) => msg === "rpc"),
    client(token = "token-of-alice", clientOptions = {}) {
      const transport = createGrpcClientTransport({
        address,
        caFile: certificates.caFile,
        timeoutMs: 30_000,
        ...(token === "" ? {} : { token: async () => token }),
        ...clientOptions,
      });
      owned.use(transport);
      return createClient(McpAgent, transport);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The error that a call ends with; fails when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<ConnectError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ConnectError, String(error));
    return error;
  }
  return assert.fail("the call succeeded");
}

/** One HTTP/2 request without an RPC library; the headers and trailers of the answer. */
export async function rawCall(
  { address, caFile }: { address: string; caFile: string },
  path: string,
  headers: object,
): Promise<Record<string, unknown>> {
  const session = connectHttp2(`https://${address}`, { ca: readFileSync(caFile) });
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      ...headers,
    });
    stream.end();
    const result: Record<string, unknown> = {};
    stream.on("response", (answer) => Object.assign(result, answer));
    stream.on("trailers", (answer) => Object.assign(result, answer));
    stream.resume();
    await once(stream, "close");
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
    return result;
  } finally {
    session.close();
  }
}
