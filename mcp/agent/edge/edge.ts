import type { EdgeInput, EdgeSettings } from "@metacircular/mcp-core/edge/edge-input.ts";
import { addressType, recordName } from "@metacircular/mcp-core/edge/hostname.ts";
import type { CertificateFiles } from "./certificate-files.ts";
import type { CertificateIssuer } from "./certificate-issuer.ts";
import type { NameRecords } from "./name-records.ts";
import type { RouteAdmin } from "./route-admin.ts";

/** The services that the agent sets certificates, routes and names at; each may be missing. */
export interface Edge {
  readonly settings: EdgeSettings;
  readonly routes?: RouteAdmin | undefined;
  readonly names?: NameService | undefined;
  readonly certificates?:
    | { readonly files: CertificateFiles; readonly issuer: CertificateIssuer; readonly directoryUrl: string }
    | undefined;
  /** What is there now for these host names. Throws only where the signal ends it. */
  observe(hostnames: readonly string[], signal: AbortSignal): Promise<EdgeSight>;
}

/** The addresses of host names. */
export interface NameService {
  readonly records: NameRecords;
  readonly zone: string;
  readonly ttlS: number;
}

export type EdgeSight = Pick<EdgeInput, "routes" | "records" | "certificates">;

/** Questions to the name server at once. */
const atOnce = 8;

export function createEdge(parts: Omit<Edge, "observe">): Edge {
  return {
    ...parts,
    async observe(hostnames, signal) {
      const [routes, records, certificates] = await Promise.all([
        parts.routes === undefined ? undefined : answered(parts.routes.list(signal), signal),
        parts.names === undefined
          ? undefined
          : answered(addressesOf(hostnames, parts.names, parts.settings, signal), signal),
        certificatesOf(hostnames, parts.certificates?.files),
      ]);
      return { routes, records, certificates };
    },
  };
}

async function answered<Result>(asked: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  try {
    return await asked;
  } catch {
    signal.throwIfAborted();
    // A service that refuses to be asked keeps nobody from stopping what runs; a deploy asks again, and fails.
    return undefined;
  }
}

async function addressesOf(
  hostnames: readonly string[],
  { records, zone }: NameService,
  { dns }: EdgeSettings,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const type = addressType(dns?.nodeAddress ?? "");
  const found = new Map<string, readonly string[]>();
  const queue = hostnames.values();
  const worker = async (): Promise<void> => {
    for (const hostname of queue) {
      const name = recordName(hostname, zone);
      if (name !== undefined) found.set(hostname, await records.list(name, type, signal));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, hostnames.length) }, worker));
  return found;
}

async function certificatesOf(
  hostnames: readonly string[],
  files: CertificateFiles | undefined,
): Promise<EdgeInput["certificates"]> {
  if (files === undefined) return new Map();
  const entries = await Promise.all(
    hostnames.map(async (hostname) => [hostname, await files.read(hostname)] as const),
  );
  return new Map(entries.flatMap(([hostname, seen]) => (seen === undefined ? [] : [[hostname, seen]])));
}
