/** Bounds of a data plane. Times in milliseconds. Changing them reloads it. */
export interface Limits {
  /** Client connections that are served at a time, at all ports together; more wait in the kernel. */
  readonly maxConnections: number;
  /** Open connections of one client address. */
  readonly connectionsPerAddress: number;
  /** New connections of one client address within ten seconds. */
  readonly connectionsPerAddressPer10s: number;
  /** Until the client has sent its TLS greeting. */
  readonly helloTimeoutMs: number;
  /** Until the client has sent the head of a request. */
  readonly requestHeadTimeoutMs: number;
  /** Between two requests on a connection. */
  readonly keepAliveTimeoutMs: number;
  /** For one try to connect to a backend. */
  readonly connectTimeoutMs: number;
  /** Further tries to connect to a backend, about a second apart each. */
  readonly connectRetries: number;
  /** Nothing arrives from the client while it should send. */
  readonly clientTimeoutMs: number;
  /** Nothing arrives from the backend while it should answer. */
  readonly backendTimeoutMs: number;
  /** Nothing moves in a WebSocket, an L4 connection, an event stream or a gRPC call. */
  readonly tunnelTimeoutMs: number;
  /** How long connections may go on that the data plane's previous process holds after a reload. */
  readonly drainTimeoutMs: number;
  /** How long open connections may go on when the data plane is stopped. */
  readonly stopTimeoutMs: number;
  /** Largest request body of routes without a limit of their own, bytes; 0: none. It is compared with the announced
   * length. Bodies of unknown length are not limited by it, but refused (411) by the limit of a route, except gRPC. */
  readonly maxBodyBytes: number;
}

export const defaultLimits: Limits = {
  maxConnections: 4_000,
  connectionsPerAddress: 1_000,
  connectionsPerAddressPer10s: 2_000,
  helloTimeoutMs: 5_000,
  requestHeadTimeoutMs: 10_000,
  keepAliveTimeoutMs: 60_000,
  connectTimeoutMs: 5_000,
  connectRetries: 3,
  clientTimeoutMs: 60_000,
  backendTimeoutMs: 60_000,
  tunnelTimeoutMs: 3_600_000,
  drainTimeoutMs: 900_000,
  stopTimeoutMs: 10_000,
  maxBodyBytes: 1_073_741_824,
};
