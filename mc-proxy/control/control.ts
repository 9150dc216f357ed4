import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Engine, EngineStats } from "../engine/engine.ts";
import type { ProxyNumbers } from "../metrics/proxy-metrics.ts";
import { formatBackend, parseBackend } from "../routes/backend.ts";
import { formatRouteKey } from "../routes/route.ts";
import type { Applying } from "./applying.ts";
import type { Holdings } from "./holdings.ts";
import { invalid } from "./invalid.ts";
import { boundedProblems, type ProxyStatus, type RouteStatus } from "./status.ts";

const drainIntervalMs = 100;

/** Answers what there is, reads certificates again, and waits for backends to be unused. */
export class Control {
  readonly #holdings: Holdings;
  readonly #applying: Applying;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #version: string;
  readonly #startedAtMs: number;

  constructor(parts: {
    holdings: Holdings;
    applying: Applying;
    engine: Engine;
    clock: Clock;
    logger: Logger;
    version: string;
  }) {
    this.#holdings = parts.holdings;
    this.#applying = parts.applying;
    this.#engine = parts.engine;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#version = parts.version;
    this.#startedAtMs = parts.clock.now();
  }

  async status(): Promise<ProxyStatus> {
    const stats = await this.#engine.stats();
    const { checked } = this.#applying;
    return {
      version: this.#version,
      startedAtMs: this.#startedAtMs,
      dataPlane: {
        engine: stats.engine,
        running: stats.running,
        pid: stats.pid,
        startedAtMs: stats.startedAtMs,
        restarts: stats.restarts,
        checkedAtMs: checked?.atMs,
        repaired: checked?.repaired ?? 0,
        connections: stats.connections,
      },
      ports: this.#holdings.ports(),
      anyPort: this.#holdings.servesAnyPort,
      routes: this.#holdings.routeCount,
      certificates: this.#holdings.certificates.length,
      problems: boundedProblems(this.#problems(stats)),
    };
  }

  /** By host name and port. */
  async listRoutes(): Promise<RouteStatus[]> {
    const { routes } = await this.#engine.stats();
    const connections = new Map(routes.map((each) => [formatRouteKey(each), each.connections]));
    return this.#holdings.storedRoutes().map(({ route, updatedAtMs }) => ({
      route,
      updatedAtMs,
      connections: connections.get(formatRouteKey(route)) ?? 0,
      certificateNotAfterMs:
        route.mode === "l7" ? this.#holdings.certificateFor(route.hostname)?.notAfterMs : undefined,
    }));
  }

  /** Reads the certificates again; when it returns, they are served.
   * @throws DetailedError what the engine throws */
  async reloadCertificates(): Promise<{ certificates: number; problems: readonly string[] }> {
    await this.refresh();
    const { certificates, certificateProblems } = this.#holdings;
    return { certificates: certificates.length, problems: boundedProblems(certificateProblems) };
  }

  /** Reads all files again, and applies what that changes.
   * @throws DetailedError what the engine throws */
  async refresh(): Promise<void> {
    await this.#holdings.readFiles();
    if (this.#applying.isUpToDate) return;
    await this.#applying.apply();
    this.#logger.info(
      { certificates: this.#holdings.certificates.length, routes: this.#holdings.routeCount },
      "the data plane has what is stored",
    );
  }

  /** Waits until nothing is connected to a backend any more, or `timeoutMs` is over.
   * @returns how many connections remain
   * @throws DetailedError BACKEND_INVALID, what the engine throws, or the signal's reason */
  async drain(text: string, timeoutMs: number, signal: AbortSignal): Promise<number> {
    const parsed = parseBackend(text);
    if ("problem" in parsed) throw invalid("BACKEND_INVALID", "drain backend", text, [parsed.problem]);
    const { backend } = parsed;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const connections = await this.#engine.connections(backend);
      signal.throwIfAborted();
      const leftMs = deadline - performance.now();
      if (connections === 0 || leftMs <= 0) {
        this.#logger.debug({ backend: formatBackend(backend), connections }, "waited for a backend");
        return connections;
      }
      await this.#clock.sleep(Math.min(drainIntervalMs, leftMs), signal);
    }
  }

  /** What the metrics tell. */
  numbers(stats: EngineStats): ProxyNumbers {
    const { isUpToDate, checked, totals } = this.#applying;
    return {
      routes: this.#holdings.routeCount,
      firewallRules: this.#holdings.ruleCount,
      certificates: this.#holdings.certificates,
      problems: this.#problems(stats).length,
      isUpToDate,
      ...totals,
      checkedAtMs: checked?.atMs,
    };
  }

  #problems(stats: EngineStats): string[] {
    return [
      ...(stats.running ? [] : [`the data plane (${stats.engine}) does not run`]),
      ...this.#applying.problems,
      ...stats.problems.map(({ kind, subject, found }) => `${kind} ${subject}: ${found}`),
      ...this.#holdings.problems(),
    ];
  }
}
