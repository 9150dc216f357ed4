const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

interface State {
  failures: number;
  pausedUntilMs: number;
}

/** Remembers which upstream servers failed lately, so that they are asked last. */
export class Health<Server> {
  readonly #states: Map<Server, State>;
  readonly #nowMs: () => number;

  constructor(servers: readonly Server[], nowMs: () => number) {
    this.#states = new Map(servers.map((server) => [server, { failures: 0, pausedUntilMs: 0 }]));
    this.#nowMs = nowMs;
  }

  /** All servers in the order to ask them: those that work as they are configured, then those that failed, the one
   * first that is to be tried again soonest. */
  order(): Server[] {
    const nowMs = this.#nowMs();
    const pause = ({ pausedUntilMs }: State): number => (pausedUntilMs > nowMs ? pausedUntilMs : 0);
    return [...this.#states]
      .toSorted(([, left], [, right]) => pause(left) - pause(right))
      .map(([server]) => server);
  }

  succeeded(server: Server): void {
    const state = this.#states.get(server);
    if (state === undefined) return;
    state.failures = 0;
    state.pausedUntilMs = 0;
  }

  /** The pause doubles with each failure in a row. */
  failed(server: Server): void {
    const state = this.#states.get(server);
    if (state === undefined) return;
    state.failures += 1;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(state.failures - 1, 10));
    state.pausedUntilMs = this.#nowMs() + pauseMs;
  }

  /** Failures in a row, by server. */
  failures(): [Server, number][] {
    return [...this.#states].map(([server, { failures }]) => [server, failures]);
  }
}
