import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import type { DesiredState, RouteKey } from "./desired-state.ts";

/** A data plane. It owns its processes and its directory; all else is told to it as one whole state, again and again. */
export interface Engine extends AsyncDisposable {
  /** Makes the data plane do what is desired, with the fewest changes, and starts it when it does not run yet. When it
   * resolves, new connections and requests are treated accordingly. Calls are executed one after the other; of several
   * that wait only the newest is executed, and all of them get its result.
   * @throws DetailedError when nothing could be applied; then the data plane goes on as before, and tries the newest
   * state again at the next call, `check` or restart */
  apply(desired: DesiredState, signal?: AbortSignal): Promise<Applied>;
  /** Compares what the data plane does with what was applied last, and repairs what differs.
   * @throws DetailedError when it does not answer, or a repair fails */
  check(signal?: AbortSignal): Promise<Drift>;
  /** Numbers of the data plane and of its routes, since it started. Never rejects because it is down: then it says so. */
  stats(): Promise<EngineStats>;
  /** Requests, tunnels and connections that are under way to a backend now. Idle connections that are kept for later
   * requests do not count. 0: nothing would be cut off if the backend went away, as long as no route leads to it. */
  connections(backend: HostAndPort): Promise<number>;
  /** Leaves the data plane running, for the next process that opens the same directory to take over. */
  release(): Promise<void>;
  /** Stops the data plane: no new connections; those that are open may end within the grace time. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What `apply` did. */
export interface Applied {
  /** Whether the data plane had to be started or to read its configuration anew. No request is lost by the latter. */
  readonly reloaded: boolean;
  /** Entries and certificates that were changed at run time. */
  readonly changes: number;
  /** What could not be applied; all else was. */
  readonly problems: readonly EngineProblem[];
}

/** One thing that the data plane cannot do as desired. */
export interface EngineProblem {
  readonly kind: "route" | "certificate" | "firewall";
  /** `port host name`, the certificate's name, or the rule's source. */
  readonly subject: string;
  /** One sentence for people. */
  readonly found: string;
}

/** What `check` found. */
export interface Drift {
  /** One sentence for each thing that differed and was repaired; at most 100 of them. */
  readonly repaired: readonly string[];
  /** How many there were. */
  readonly count: number;
}

export interface EngineStats {
  /** e.g. `haproxy 2.6.12` */
  readonly engine: string;
  readonly running: boolean;
  /** Unset where it does not run. */
  readonly pid?: number;
  /** Milliseconds since the epoch. */
  readonly startedAtMs?: number;
  /** How often it ended by itself and was started again. */
  readonly restarts: number;
  /** How often it read its configuration anew. */
  readonly reloads: number;
  /** Client connections that are open now. */
  readonly connections: number;
  /** What it could not do as desired when that was applied last. */
  readonly problems: readonly EngineProblem[];
  /** Routes that were used since the data plane started. */
  readonly routes: readonly RouteNumbers[];
}

/** What went over a route since the data plane started. A route that nobody uses for a day starts at zero again. */
export interface RouteNumbers extends RouteKey {
  /** Open now: connections (L4) or requests and tunnels (L7). */
  readonly connections: number;
  /** Connections (L4) or requests (L7). */
  readonly total: number;
  /** Answers with a status of 400 to 499. L7 only. */
  readonly clientErrors: number;
  /** Answers with a status of 500 and above. L7 only. */
  readonly serverErrors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}
