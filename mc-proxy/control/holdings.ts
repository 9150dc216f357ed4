import { readFile } from "node:fs/promises";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { type Certificate, validityProblem } from "../certificates/certificate.ts";
import { type CertificateChoice, chooseCertificates } from "../certificates/choose.ts";
import type { CertificateKeeper } from "../certificates/keeper.ts";
import type { Config } from "../config.ts";
import type { DesiredState } from "../engine/desired-state.ts";
import { type CountryNetworks, GeoipFile } from "../firewall/geoip-file.ts";
import type { FirewallRule } from "../routes/firewall-rule.ts";
import { formatRouteKey, type Route, type RouteKey } from "../routes/route.ts";
import type { StoredRoute } from "../store/route-table.ts";
import type { Store } from "../store/store.ts";
import { closedPortProblem, desiredState, openPorts } from "./desired-state.ts";

/** What HAProxy can answer with from memory. */
const maxPageBytes = 8_192;

/** All that the desired state is made of, in memory: a copy of what is stored, and what was read from files last. */
export class Holdings {
  readonly #config: Config;
  readonly #store: Store;
  readonly #keeper: CertificateKeeper;
  readonly #clock: Clock;
  readonly #geoip: GeoipFile;
  readonly #routes = new Map<string, StoredRoute>();
  readonly #rules = new Map<string, FirewallRule>();
  #countries: CountryNetworks = { networks: {}, problem: undefined };
  #page: { text: string | undefined; problem: string | undefined } = { text: undefined, problem: undefined };
  #choice: CertificateChoice;

  constructor(parts: { config: Config; store: Store; keeper: CertificateKeeper; clock: Clock }) {
    this.#config = parts.config;
    this.#store = parts.store;
    this.#keeper = parts.keeper;
    this.#clock = parts.clock;
    this.#geoip = new GeoipFile(parts.config.firewall.geoip_file);
    this.#choice = chooseCertificates([], 0);
    for (const stored of parts.store.routes.all()) this.#routes.set(formatRouteKey(stored.route), stored);
    for (const rule of parts.store.firewall.all()) this.#rules.set(rule.id, rule);
  }

  /** In no order. */
  get routes(): readonly Route[] {
    return [...this.#routes.values()].map(({ route }) => route);
  }

  get routeCount(): number {
    return this.#routes.size;
  }

  get ruleCount(): number {
    return this.#rules.size;
  }

  get certificates(): readonly Certificate[] {
    return this.#keeper.last.certificates;
  }

  get certificateProblems(): readonly string[] {
    return this.#keeper.last.problems;
  }

  /** By host name and port. */
  storedRoutes(): StoredRoute[] {
    return [...this.#routes.values()].toSorted(
      (a, b) => compare(a.route.hostname, b.route.hostname) || a.route.port - b.route.port,
    );
  }

  /** By id. */
  rules(): FirewallRule[] {
    return [...this.#rules.values()].toSorted((a, b) => compare(a.id, b.id));
  }

  route(key: RouteKey): StoredRoute | undefined {
    return this.#routes.get(formatRouteKey(key));
  }

  rule(id: string): FirewallRule | undefined {
    return this.#rules.get(id);
  }

  /** Stores the route under its key; undefined: removes what is there.
   * @throws DetailedError STORE_WRITE_FAILED; then nothing has changed */
  setRoute(key: RouteKey, stored: StoredRoute | undefined): void {
    const { routes } = this.#store;
    this.#store.write(() => (stored === undefined ? routes.remove(key) : routes.put(stored)));
    if (stored === undefined) this.#routes.delete(formatRouteKey(key));
    else this.#routes.set(formatRouteKey(key), stored);
  }

  /** Stores the rule under its id; undefined: removes what is there.
   * @throws DetailedError STORE_WRITE_FAILED; then nothing has changed */
  setRule(id: string, rule: FirewallRule | undefined): void {
    const { firewall } = this.#store;
    this.#store.write(() => (rule === undefined ? firewall.remove(id) : firewall.put(rule)));
    if (rule === undefined) this.#rules.delete(id);
    else this.#rules.set(id, rule);
  }

  /** Reads all files again, where they may have changed. */
  async readFiles(): Promise<void> {
    await this.#keeper.read();
    await this.readCountries();
    this.#page = await readPage(this.#config.maintenance.page_file, this.#page.text);
    this.#choose();
  }

  /** Reads the networks of the countries that rules name. */
  async readCountries(): Promise<void> {
    const countries = [...this.#rules.values()].flatMap(({ source }) =>
      "country" in source ? source.country : [],
    );
    this.#countries = await this.#geoip.read(new Set(countries));
  }

  desired(): DesiredState {
    this.#choose();
    return desiredState({
      config: this.#config,
      routes: this.routes,
      rules: this.rules(),
      choice: this.#choice,
      countryNetworks: this.#countries.networks,
      maintenancePage: this.#page.text,
    });
  }

  /** Changes with everything that files and the passing of time contribute to the desired state. */
  filesSignature(): string {
    const certificates = this.#choice.assigned.map(({ certificate, hostnames }) => [
      certificate.name,
      certificate.fingerprint,
      certificate.pem.length,
      hostnames,
    ]);
    const countries = Object.entries(this.#countries.networks).map(([country, list]) => [
      country,
      list.length,
      list.at(0),
      list.at(-1),
    ]);
    return JSON.stringify([certificates, countries, this.#page.text]);
  }

  get servesAnyPort(): boolean {
    return this.#config.listen.any_port;
  }

  ports(): number[] {
    return openPorts(this.#config, this.routes);
  }

  certificateFor(hostname: string): Certificate | undefined {
    return this.#choice.certificateFor(hostname);
  }

  /** What is wrong with routes, certificates, rules and pages. */
  problems(): string[] {
    const routes = this.storedRoutes().flatMap(({ route }) => this.#routeProblem(route) ?? []);
    const files = [this.#countries.problem, this.#page.problem].filter((each) => each !== undefined);
    return [...routes, ...this.certificateProblems, ...files];
  }

  #routeProblem(route: Route): string | undefined {
    const closed = closedPortProblem(this.#config, route);
    if (closed !== undefined || route.mode === "l4") return closed;
    const name = formatRouteKey(route);
    const certificate = this.#choice.certificateFor(route.hostname);
    if (certificate === undefined)
      return `route ${name} has no certificate: none in ${this.#config.certificates.directory} covers its host name`;
    const problem = validityProblem(certificate, this.#clock.now());
    return problem === undefined
      ? undefined
      : `route ${name} is served with certificate ${certificate.name}.pem: ${problem}`;
  }

  #choose(): void {
    this.#choice = chooseCertificates(this.#keeper.last.certificates, this.#clock.now());
  }
}

async function readPage(
  path: string,
  before: string | undefined,
): Promise<{ text: string | undefined; problem: string | undefined }> {
  if (path === "") return { text: undefined, problem: undefined };
  try {
    const text = await readFile(path, "utf8");
    if (Buffer.byteLength(text) <= maxPageBytes) return { text, problem: undefined };
    return { text: before, problem: `maintenance page ${path}: it is larger than ${maxPageBytes} bytes` };
  } catch (thrown) {
    return { text: before, problem: `maintenance page ${path}: ${messageOf(thrown)}` };
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
