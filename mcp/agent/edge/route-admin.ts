import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { routeKey, type SeenRoute } from "@metacircular/mcp-core/edge/edge-input.ts";
import type { CheckedRoute } from "@metacircular/mcp-core/step.ts";
import { ProxyAdmin, RouteMode } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { createReachability } from "./reachability.ts";

/** The routes of the node's proxy. Calls throw a DetailedError; of category unavailable or deadline-exceeded where the
 * proxy does not answer. */
export interface RouteAdmin {
  /** By `routeKey`. */
  list(signal: AbortSignal): Promise<ReadonlyMap<string, SeenRoute>>;
  /** What it serves, and what is wrong with it. */
  status(signal: AbortSignal): Promise<{
    readonly ports: readonly number[];
    /** Routes may name other ports, too. */
    readonly anyPort: boolean;
    readonly problems: readonly string[];
  }>;
  /** Adds or replaces it. */
  add(
    route: CheckedRoute & { readonly backend: string; readonly owner: string },
    signal: AbortSignal,
  ): Promise<void>;
  remove(route: { readonly port: number; readonly hostname: string }, signal: AbortSignal): Promise<void>;
  /** Waits until nothing is connected to a backend; returns how many connections remain when the time is over. */
  drain(backend: string, signal: AbortSignal): Promise<number>;
}

const callTimeoutMs = 5_000;
/** For what is only looked at. */
const lookTimeoutMs = 3_000;

/** @param options.socket path of the proxy's Unix socket */
export function createRouteAdmin(options: {
  socket: string;
  drainTimeoutMs: number;
  clock: Clock;
}): RouteAdmin & AsyncDisposable {
  const { drainTimeoutMs } = options;
  const address = `unix:${options.socket}`;
  const transport = createGrpcClientTransport({ address, timeoutMs: callTimeoutMs });
  const client = createClient(ProxyAdmin, transport);
  const reachability = createReachability(options.clock);
  const explained =
    <Result>(work: () => Promise<Result>) =>
    async (): Promise<Result> => {
      try {
        return await work();
      } catch (error) {
        throw fromConnectError(error, `the proxy at ${options.socket}`);
      }
    };

  return {
    list: (signal) =>
      reachability.callOnce(
        explained(async () => {
          const { routes } = await client.listRoutes({}, { signal, timeoutMs: lookTimeoutMs });
          return new Map(
            routes.flatMap(({ route }) =>
              route === undefined
                ? []
                : [[routeKey(route), { mode: modeOf(route.mode), backend: route.backend }] as const],
            ),
          );
        }),
      ),
    status: (signal) =>
      reachability.callOnce(
        explained(async () => {
          const { ports, anyPort, problems } = await client.getStatus(
            {},
            { signal, timeoutMs: lookTimeoutMs },
          );
          return { ports, anyPort, problems };
        }),
      ),
    add: ({ mode, port, hostname, backend, owner }, signal) =>
      reachability.call(
        explained(async () => {
          const route = { port, hostname, backend, owner, mode: mode === "l4" ? RouteMode.L4 : RouteMode.L7 };
          await client.addRoute({ route }, { signal });
        }),
        signal,
      ),
    remove: ({ port, hostname }, signal) =>
      reachability.call(
        explained(async () => {
          await client.removeRoute({ key: { port, hostname } }, { signal });
        }),
        signal,
      ),
    drain: (backend, signal) =>
      reachability.callOnce(
        explained(async () => {
          const timeout = durationFromMs(drainTimeoutMs);
          const timeoutMs = drainTimeoutMs + callTimeoutMs;
          const { connections } = await client.drainBackend({ backend, timeout }, { signal, timeoutMs });
          return connections;
        }),
      ),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

function modeOf(mode: RouteMode): SeenRoute["mode"] {
  return mode === RouteMode.L4 ? "l4" : "l7";
}
