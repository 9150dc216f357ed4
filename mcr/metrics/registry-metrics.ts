/** What the registry counts while it serves; `ServerMetrics` exposes it. */
export interface RegistryMetrics {
  /** A request of the distribution API ended. `route` is one of a fixed list, e.g. `manifests`. */
  requestEnded(request: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly durationMs: number;
  }): void;
  bytesReceived(count: number): void;
  bytesSent(count: number): void;
}
