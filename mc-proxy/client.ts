import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type CallOptions, createClient } from "@connectrpc/connect";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import {
  type FirewallRule,
  type FirewallRuleSchema,
  type GetStatusResponse,
  ProxyAdmin,
  type ReloadCertificatesResponse,
  type Route,
  type RouteInfo,
  type RouteKeySchema,
  type RouteSchema,
} from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";

type RouteKey = MessageInitShape<typeof RouteKeySchema>;

/** Calls of a proxy's admin API. Each fails with a DetailedError: the proxy's own, PROXY_UNREACHABLE (category
 * unavailable), DEADLINE_EXCEEDED or CANCELLED. */
export interface ProxyClient extends AsyncDisposable {
  /** Adds or replaces; when it returns, new requests go there. Returns what it replaced. */
  addRoute(route: MessageInitShape<typeof RouteSchema>, signal?: AbortSignal): Promise<Route | undefined>;
  /** Returns what was removed; none there is success. */
  removeRoute(key: RouteKey, signal?: AbortSignal): Promise<Route | undefined>;
  /** By host name and port. */
  listRoutes(signal?: AbortSignal): Promise<RouteInfo[]>;
  status(signal?: AbortSignal): Promise<GetStatusResponse>;
  reloadCertificates(signal?: AbortSignal): Promise<ReloadCertificatesResponse>;
  /** Waits until nothing is connected to a backend (`address:port`) any more, at most `waitMs`. Returns how many
   * connections remain. */
  drainBackend(backend: string, waitMs: number, signal?: AbortSignal): Promise<number>;
  /** Returns the route as it is then. */
  setMaintenance(key: RouteKey, maintenance: boolean, signal?: AbortSignal): Promise<Route | undefined>;
  /** Returns the rule as it was stored, with its id. */
  addFirewallRule(
    rule: MessageInitShape<typeof FirewallRuleSchema>,
    signal?: AbortSignal,
  ): Promise<FirewallRule | undefined>;
  /** Returns what was removed; none there is success. */
  removeFirewallRule(id: string, signal?: AbortSignal): Promise<FirewallRule | undefined>;
  listFirewallRules(signal?: AbortSignal): Promise<FirewallRule[]>;
}

/** Of 10,000 routes with the longest names. */
const maxMessageBytes = 32 * 1024 * 1024;

/** Connects to a proxy's admin socket, at the first call and again when the connection was lost. Disposing it ends the
 * calls in progress.
 * @param options.socket path of the Unix socket
 * @param options.timeoutMs for each call; a drain has its waiting time besides */
export function createProxyClient(options: { socket: string; timeoutMs: number }): ProxyClient {
  const { socket, timeoutMs } = options;
  const transport = createGrpcClientTransport({ address: `unix:${socket}`, timeoutMs, maxMessageBytes });
  const admin = createClient(ProxyAdmin, transport);

  async function call<Result>(
    work: (callOptions: CallOptions) => Promise<Result>,
    signal: AbortSignal | undefined,
    callTimeoutMs = timeoutMs,
  ): Promise<Result> {
    try {
      return await work({ timeoutMs: callTimeoutMs, ...(signal === undefined ? {} : { signal }) });
    } catch (thrown) {
      throw unreachable(fromConnectError(thrown, socket));
    }
  }

  return {
    addRoute: (route, signal) => call(async (how) => (await admin.addRoute({ route }, how)).replaced, signal),
    removeRoute: (key, signal) =>
      call(async (how) => (await admin.removeRoute({ key }, how)).removed, signal),
    listRoutes: (signal) => call(async (how) => (await admin.listRoutes({}, how)).routes, signal),
    status: (signal) => call((how) => admin.getStatus({}, how), signal),
    reloadCertificates: (signal) => call((how) => admin.reloadCertificates({}, how), signal),
    drainBackend: (backend, waitMs, signal) =>
      call(
        async (how) =>
          (await admin.drainBackend({ backend, timeout: durationFromMs(waitMs) }, how)).connections,
        signal,
        timeoutMs + waitMs,
      ),
    setMaintenance: (key, maintenance, signal) =>
      call(async (how) => (await admin.setMaintenance({ key, maintenance }, how)).route, signal),
    addFirewallRule: (rule, signal) =>
      call(async (how) => (await admin.addFirewallRule({ rule }, how)).rule, signal),
    removeFirewallRule: (id, signal) =>
      call(async (how) => (await admin.removeFirewallRule({ id }, how)).removed, signal),
    listFirewallRules: (signal) =>
      call(async (how) => (await admin.listFirewallRules({}, how)).rules, signal),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

const whyUnreachable: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such socket"],
  ["ECONNREFUSED", "nothing listens there"],
  ["EACCES", "you may not write to it"],
]);

/** A proxy is no node, and is looked for elsewhere. */
function unreachable(error: DetailedError): DetailedError {
  if (error.code !== "NODE_UNREACHABLE") return error;
  return new DetailedError({
    code: "PROXY_UNREACHABLE",
    category: "unavailable",
    attempted: "connect to mc-proxy at",
    subject: error.subject,
    found: whyUnreachable.get(systemCodeOf(error.cause)) ?? error.found,
    remedy: "check that mc-proxy runs, the path of its socket, and who may write to it",
    cause: error.cause,
  });
}
