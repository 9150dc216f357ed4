import { createHash } from "node:crypto";
import {
  describeRoute,
  certificateProblem,
  maximalRoutes,
  networkProblem,
  routeProblems,
  ruleProblem,
} from "../engine/judge.ts";
import type { DesiredState, EngineCertificate, EngineRoute } from "../engine/desired-state.ts";
import type { EngineProblem } from "../engine/engine.ts";
import { type CertificateFile, certificateFile } from "./certificate-files.ts";
import type { WantedState } from "./changes.ts";
import { renderConfiguration } from "./configuration/render.ts";
import { type Entries, mapsOf, routeKey, routeValue } from "./entries.ts";
import type { StaticFiles } from "./files.ts";
import type { Paths } from "./paths.ts";
import { descriptionMark } from "./processes/adopt.ts";

/** A desired state in HAProxy's terms. */
export interface Wanted extends WantedState {
  readonly files: StaticFiles;
  /** What is left out because it cannot be done. */
  readonly problems: readonly EngineProblem[];
  /** What was worked out for each route. */
  readonly knownRoutes: KnownRoutes;
  readonly drainTimeoutMs: number;
  readonly stopTimeoutMs: number;
}

/** With thousands of routes, of which one changes, looking at all others again would be most of the work. */
interface KnownRoutes {
  /** What the entries have been made with. */
  readonly maxBodyBytes: number;
  readonly byRoute: WeakMap<EngineRoute, KnownRoute>;
}

interface KnownRoute {
  readonly key: string;
  readonly value: string;
  /** Empty: nothing is wrong with the route by itself. */
  readonly problems: readonly string[];
}

const plainMaintenancePage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Maintenance</title></head>
<body><h1>Under maintenance</h1><p>This service will be back soon.</p></body></html>
`;

/** Nothing that has not been judged here gets into HAProxy's files or commands.
 * @param previous spares looking at routes and certificates again that were looked at already */
export function wantedOf(desired: DesiredState, paths: Paths, previous: Wanted | undefined): Wanted {
  const problems: EngineProblem[] = [];
  const { maxBodyBytes } = desired.limits;
  const knownRoutes =
    previous?.knownRoutes.maxBodyBytes === maxBodyBytes
      ? previous.knownRoutes
      : { maxBodyBytes, byRoute: new WeakMap<EngineRoute, KnownRoute>() };
  const entries = judgedRoutes(desired, knownRoutes, problems);
  const judged = {
    ...desired,
    firewall: judgedFirewall(desired, problems),
    trustedProxies: withoutProblems(desired.trustedProxies, networkProblem, (found, subject) =>
      problems.push({ kind: "firewall", subject, found }),
    ),
  };
  return {
    maps: mapsOf(judged, entries),
    knownRoutes,
    certificates: judgedCertificates(desired, paths, previous, problems),
    files: staticFiles(judged, paths),
    problems,
    drainTimeoutMs: desired.limits.drainTimeoutMs,
    stopTimeoutMs: desired.limits.stopTimeoutMs,
  };
}

function staticFiles(desired: DesiredState, paths: Paths): StaticFiles {
  const maintenancePage = desired.maintenancePage ?? plainMaintenancePage;
  const rendered = renderConfiguration(desired, paths, { generation: 0, description: "" });
  const fingerprint = createHash("sha256")
    .update(rendered)
    .update(maintenancePage)
    .digest("hex")
    .slice(0, 32);
  const description = `${descriptionMark} ${fingerprint}`;
  return {
    maintenancePage,
    fingerprint,
    configuration: (generation) => renderConfiguration(desired, paths, { generation, description }),
  };
}

/** @returns the entries of those that can be served */
function judgedRoutes(desired: DesiredState, known: KnownRoutes, problems: EngineProblem[]): Entries {
  const ports = new Set(desired.listeners.map(({ port }) => port));
  const kept = new Map<string, string>();
  for (const route of desired.routes) {
    const { key, value, problems: own } = knownRoute(route, known);
    const found = [...own];
    if (!ports.has(route.port)) found.push("nothing listens on its port");
    if (kept.has(key)) found.push("there is another route for the same port and name");
    if (kept.size >= maximalRoutes) found.push(`there are more than ${maximalRoutes} routes`);
    if (route.mode === "l7" && route.backendProtocol === "tls" && desired.backendCaFile === undefined)
      found.push("no authority for TLS backends is configured");
    if (found.length === 0) kept.set(key, value);
    else problems.push({ kind: "route", subject: describeRoute(route), found: found.join("; ") });
  }
  return kept;
}

function knownRoute(route: EngineRoute, known: KnownRoutes): KnownRoute {
  const before = known.byRoute.get(route);
  if (before !== undefined) return before;
  const made = { key: routeKey(route), value: routeValue(route, known), problems: routeProblems(route) };
  known.byRoute.set(route, made);
  return made;
}

function judgedFirewall({ firewall }: DesiredState, problems: EngineProblem[]): DesiredState["firewall"] {
  const rules = withoutProblems(firewall.rules, ruleProblem, (found, rule) =>
    problems.push({ kind: "firewall", subject: rule.cidr ?? rule.country ?? "", found }),
  );
  const countryNetworks = Object.fromEntries(
    Object.entries(firewall.countryNetworks).map(([country, networks]) => [
      country,
      withoutProblems(networks, networkProblem, (found, network) =>
        problems.push({ kind: "firewall", subject: `${country} ${network}`, found }),
      ),
    ]),
  );
  return { rules, countryNetworks };
}

function withoutProblems<Item>(
  items: readonly Item[],
  judge: (item: Item) => string | undefined,
  report: (found: string, item: Item) => void,
): Item[] {
  return items.filter((item) => {
    const found = judge(item);
    if (found !== undefined) report(found, item);
    return found === undefined;
  });
}

function judgedCertificates(
  { certificates }: DesiredState,
  paths: Paths,
  previous: Wanted | undefined,
  problems: EngineProblem[],
): ReadonlyMap<string, CertificateFile> {
  const known = new Map([...(previous?.certificates.values() ?? [])].map((file) => [file.source.name, file]));
  const files = new Map<string, CertificateFile>();
  for (const certificate of certificates) {
    const found = certificateProblem(certificate);
    const same = known.get(certificate.name);
    const file = found ?? (isSame(same, certificate) ? same : certificateFile(certificate, paths));
    if (typeof file === "string")
      problems.push({ kind: "certificate", subject: certificate.name, found: file });
    else if (files.has(file.path))
      problems.push({ kind: "certificate", subject: certificate.name, found: "another has the same name" });
    else files.set(file.path, file);
  }
  return files;
}

function isSame(
  file: CertificateFile | undefined,
  { pem, hostnames }: EngineCertificate,
): file is CertificateFile {
  return file?.source.pem === pem && file.source.hostnames.join(" ") === hostnames.join(" ");
}
