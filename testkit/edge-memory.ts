import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { CertificateFiles } from "@metacircular/mcp-agent/edge/certificate-files.ts";
import { createEdge, type Edge } from "@metacircular/mcp-agent/edge/edge.ts";
import type { NameRecords } from "@metacircular/mcp-agent/edge/name-records.ts";
import type { RouteAdmin } from "@metacircular/mcp-agent/edge/route-admin.ts";
import {
  type EdgeSettings,
  routeKey,
  type SeenCertificate,
  type SeenRoute,
} from "@metacircular/mcp-core/edge/edge-input.ts";

export type EdgePart = "proxy" | "names" | "authority";

/** A proxy, a name server and a certificate authority that are only written down. */
export interface EdgeMemory {
  readonly edge: Edge;
  /** By `routeKey`. */
  readonly routes: Map<string, SeenRoute>;
  /** Data by `name type`. */
  readonly records: Map<string, readonly string[]>;
  readonly certificates: Map<string, SeenCertificate>;
  /** What was asked for, in order: `add 443 web.example.net 127.0.0.1:1000`, `drain …`. */
  readonly calls: string[];
  /** Parts that do not answer. */
  readonly down: Set<EdgePart>;
  /** Host names that the authority refuses. */
  readonly refused: Set<string>;
  /** Ports that another program has, which the proxy finds out when it is to open them. Routes may name any port where
   * there is one. */
  readonly unusablePorts: Set<number>;
  /** `route host:port → backend`, `name → address` and `certificate host`, sorted. */
  shown(): string[];
}

export const zone = "svc.example.net";
export const nodeAddress = "192.0.2.7";

const dayMs = 86_400_000;

export function createEdgeMemory(now: () => number, settings: Partial<EdgeSettings> = {}): EdgeMemory {
  const routes = new Map<string, SeenRoute>();
  const records = new Map<string, readonly string[]>();
  const certificates = new Map<string, SeenCertificate>();
  const calls: string[] = [];
  const down = new Set<EdgePart>();
  const refused = new Set<string>();
  const unusablePorts = new Set<number>();

  async function answered<Result>(part: EdgePart, work: () => Result): Promise<Result> {
    await Promise.resolve();
    if (down.has(part)) throw failure("NODE_UNREACHABLE", "unavailable", `the ${part} does not answer`);
    return work();
  }

  const admin: RouteAdmin = {
    list: () => answered("proxy", () => new Map(routes)),
    status: () =>
      answered("proxy", () => ({ ports: [443, 8443], anyPort: unusablePorts.size > 0, problems: [] })),
    add: ({ port, hostname, mode, backend }) =>
      answered("proxy", () => {
        calls.push(`add ${port} ${hostname} ${backend}`);
        const isOpen = [...routes.keys()].some((key) => key.startsWith(`${port} `));
        if (!isOpen && unusablePorts.has(port)) {
          throw failure("ROUTE_PORT_UNUSABLE", "failed-precondition", `port ${port} cannot be opened`);
        }
        routes.set(routeKey({ port, hostname }), { mode, backend });
      }),
    remove: (key) =>
      answered("proxy", () => {
        calls.push(`remove ${key.port} ${key.hostname}`);
        routes.delete(routeKey(key));
      }),
    drain: (backend) =>
      answered("proxy", () => {
        calls.push(`drain ${backend}`);
        return 0;
      }),
  };
  const names: NameRecords = {
    list: (name, type) => answered("names", () => records.get(`${name} ${type}`) ?? []),
    replace: ({ name, type, data }) =>
      answered("names", () => {
        calls.push(`${type} ${name} ${data.join(",")}`);
        if (data.length === 0) records.delete(`${name} ${type}`);
        else records.set(`${name} ${type}`, data);
      }),
  };
  const files: CertificateFiles = {
    directory: "/certificates",
    read: (hostname) => Promise.resolve(certificates.get(hostname)),
    write(hostname) {
      certificates.set(hostname, { notBeforeMs: now(), notAfterMs: now() + 90 * dayMs });
      return Promise.resolve();
    },
    remove(hostname) {
      certificates.delete(hostname);
      return Promise.resolve();
    },
  };
  const issuer = {
    issue: (hostname: string) =>
      answered("authority", () => {
        calls.push(`issue ${hostname}`);
        if (refused.has(hostname)) {
          throw failure("ACME_REFUSED", "failed-precondition", "rejectedIdentifier");
        }
        return { key: "", chain: "" };
      }),
    check: () => answered("authority", () => undefined),
  };
  return {
    routes,
    records,
    certificates,
    calls,
    down,
    refused,
    unusablePorts,
    shown: () =>
      [
        ...[...routes].map(
          ([key, { backend }]) => `route ${key.split(" ").toReversed().join(":")} → ${backend}`,
        ),
        ...[...records].map(([name, data]) => `${name} → ${data.join(",")}`),
        ...[...certificates.keys()].map((hostname) => `certificate ${hostname}`),
      ].toSorted(),
    edge: createEdge({
      settings: {
        zone,
        routes: { backendAddress: "127.0.0.1" },
        certificates: { challenge: "dns-01", renewBeforeMs: 0 },
        dns: { nodeAddress },
        ...settings,
      },
      routes: admin,
      names: { records: names, zone, ttlS: 60 },
      certificates: { files, issuer, directoryUrl: "https://ca.example.net/directory" },
    }),
  };
}

function failure(
  code: string,
  category: "unavailable" | "failed-precondition",
  found: string,
): DetailedError {
  return new DetailedError({ code, category, attempted: "call", subject: "the edge", found });
}
