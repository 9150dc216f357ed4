import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Config } from "../config.ts";
import type { EngineProblem } from "../engine/engine.ts";
import { describeRoute, maximalRoutes } from "../engine/judge.ts";
import type { OwnListeners } from "../routes/backend.ts";
import {
  formatRouteKey,
  isSameRoute,
  parseRoute,
  parseRouteKey,
  type Route,
  type RouteKey,
  type RouteRequest,
} from "../routes/route.ts";
import type { StoredRoute } from "../store/route-table.ts";
import type { Applying } from "./applying.ts";
import type { Change, Changes } from "./change.ts";
import { closedPortProblem } from "./desired-state.ts";
import type { Holdings } from "./holdings.ts";
import { invalid } from "./invalid.ts";
import { requireUsablePort } from "./port-probe.ts";

/** Adds, changes and removes routes. */
export class RoutesControl {
  readonly #config: Config;
  readonly #holdings: Holdings;
  readonly #applying: Applying;
  readonly #changes: Changes;
  readonly #ownListeners: () => OwnListeners;
  readonly #clock: Clock;

  constructor(parts: {
    config: Config;
    holdings: Holdings;
    applying: Applying;
    changes: Changes;
    ownListeners: () => OwnListeners;
    clock: Clock;
  }) {
    this.#config = parts.config;
    this.#holdings = parts.holdings;
    this.#applying = parts.applying;
    this.#changes = parts.changes;
    this.#ownListeners = parts.ownListeners;
    this.#clock = parts.clock;
  }

  /** Adds a route or replaces the one with its key, whose maintenance stays. A route that is there as asked for costs
   * the data plane nothing.
   * @returns what it replaced; the same route where nothing changed
   * @throws DetailedError ROUTE_INVALID, ROUTE_PORT_CLOSED, ROUTE_PORT_UNUSABLE, ROUTE_AUTHORITY_MISSING,
   * ROUTES_TOO_MANY, STORE_WRITE_FAILED, CHANGE_NOT_APPLIED */
  async add(request: RouteRequest): Promise<Route | undefined> {
    const attempted = "add route";
    const parsed = parseRoute(request, this.#ownListeners());
    if ("problems" in parsed)
      throw invalid("ROUTE_INVALID", attempted, formatRouteKey(request), parsed.problems);
    this.#refuseUnservable(parsed.route);
    const subject = formatRouteKey(parsed.route);
    let replaced: Route | undefined;
    await this.#changes.make(`route ${subject}`, async () => {
      const before = this.#holdings.route(parsed.route);
      replaced = before?.route;
      const maintenance = parsed.route.maintenance || replaced?.maintenance === true;
      const route = { ...parsed.route, maintenance };
      if (replaced !== undefined && isSameRoute(replaced, route) && this.#applying.isUpToDate)
        return undefined;
      if (before === undefined && this.#holdings.routeCount >= maximalRoutes) throw tooMany(subject);
      await this.#requireUsablePort(route.port, subject);
      return this.#change(attempted, route, before, { route, updatedAtMs: this.#clock.now() });
    });
    return replaced;
  }

  /** Removes a route. None there is success.
   * @returns what was removed
   * @throws DetailedError ROUTE_INVALID, STORE_WRITE_FAILED, CHANGE_NOT_APPLIED */
  async remove(requested: RouteKey): Promise<Route | undefined> {
    const attempted = "remove route";
    const key = keyOf(attempted, requested);
    let removed: Route | undefined;
    await this.#changes.make(`route ${formatRouteKey(key)}`, () => {
      const before = this.#holdings.route(key);
      removed = before?.route;
      return before === undefined ? undefined : this.#change(attempted, key, before, undefined);
    });
    return removed;
  }

  /** Has a route's requests answered with the maintenance page, or ends that.
   * @throws DetailedError ROUTE_NOT_FOUND, ROUTE_INVALID, STORE_WRITE_FAILED, CHANGE_NOT_APPLIED */
  async setMaintenance(requested: RouteKey, maintenance: boolean): Promise<Route> {
    const attempted = maintenance ? "begin maintenance of route" : "end maintenance of route";
    const key = keyOf(attempted, requested);
    await this.#changes.make(`route ${formatRouteKey(key)}`, () => {
      const before = this.#existing(attempted, key);
      if (before.route.maintenance === maintenance) return undefined;
      const route = { ...before.route, maintenance };
      return this.#change(attempted, key, before, { route, updatedAtMs: this.#clock.now() });
    });
    return this.#existing(attempted, key).route;
  }

  #change(
    attempted: string,
    key: RouteKey,
    before: StoredRoute | undefined,
    after: StoredRoute | undefined,
  ): Change {
    return {
      attempted,
      subject: formatRouteKey(key),
      store: () => this.#holdings.setRoute(key, after),
      undo: () => this.#holdings.setRoute(key, before),
      isAbout: (problem: EngineProblem) =>
        after !== undefined && problem.kind === "route" && problem.subject === describeRoute(key),
    };
  }

  #existing(attempted: string, key: RouteKey): StoredRoute {
    const stored = this.#holdings.route(key);
    if (stored !== undefined) return stored;
    throw new DetailedError({
      code: "ROUTE_NOT_FOUND",
      category: "not-found",
      attempted,
      subject: formatRouteKey(key),
      found: "there is no such route",
      remedy: "look at the routes there are: mcproxyctl route list",
    });
  }

  #requireUsablePort(port: number, subject: string): Promise<void> {
    const { addresses } = this.#config.listen;
    const isOpen = (): boolean => this.#holdings.ports().includes(port);
    return requireUsablePort({ addresses, port }, subject, isOpen, this.#clock);
  }

  #refuseUnservable(route: Route): void {
    const subject = formatRouteKey(route);
    if (closedPortProblem(this.#config, route) !== undefined) {
      throw new DetailedError({
        code: "ROUTE_PORT_CLOSED",
        category: "failed-precondition",
        attempted: "add route",
        subject,
        found: `the proxy does not listen on port ${route.port}, only on ${this.#config.listen.ports.join(", ") || "none"}`,
        remedy: "add the port to [listen] ports of its configuration, or set any_port there, and restart it",
      });
    }
    if (route.backendProtocol === "tls" && this.#config.backend.ca_cert === "") {
      throw new DetailedError({
        code: "ROUTE_AUTHORITY_MISSING",
        category: "failed-precondition",
        attempted: "add route",
        subject,
        found: "there is no authority to verify a TLS backend against",
        remedy: "set [backend] ca_cert in the configuration of the proxy, and restart it",
      });
    }
  }
}

function keyOf(attempted: string, requested: RouteKey): RouteKey {
  const parsed = parseRouteKey(requested);
  if ("key" in parsed) return parsed.key;
  throw invalid("ROUTE_INVALID", attempted, formatRouteKey(requested), parsed.problems);
}

function tooMany(subject: string): DetailedError {
  return new DetailedError({
    code: "ROUTES_TOO_MANY",
    category: "resource-exhausted",
    attempted: "add route",
    subject,
    found: `there are ${maximalRoutes} routes already`,
    remedy: "remove routes that are not used",
  });
}
