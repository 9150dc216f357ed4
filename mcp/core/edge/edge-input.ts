import type { EdgeEffect } from "./effect.ts";

/** Which parts of the edge the agent looks after; undefined: not that one. */
export interface EdgeSettings {
  /** Ends the default host names, and has the records that the agent sets. */
  readonly zone: string;
  readonly routes?: { readonly backendAddress: string } | undefined;
  readonly certificates?: CertificateSettings | undefined;
  readonly dns?: { readonly nodeAddress: string } | undefined;
}

export interface CertificateSettings {
  readonly challenge: "dns-01" | "http-01";
  /** Time before its end at which a certificate is renewed; 0: a third of its lifetime. */
  readonly renewBeforeMs: number;
}

/** A certificate that is in the proxy's directory, with a key that fits and the host name in it. */
export interface SeenCertificate {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface SeenRoute {
  readonly mode: "l4" | "l7";
  readonly backend: string;
}

/** What a component of another service has a right to. */
export interface Claim {
  readonly service: string;
  readonly component: string;
  readonly port: number;
  readonly hostname: string;
}

/** What a plan knows of the edge. */
export interface EdgeInput {
  readonly settings: EdgeSettings;
  readonly nowMs: number;
  /** What this agent has set, and what is left to be taken away, of all services. */
  readonly effects: readonly EdgeEffect[];
  /** Of the components of other services that should run. */
  readonly others: readonly Claim[];
  /** By `routeKey`; undefined: the proxy does not answer. */
  readonly routes: ReadonlyMap<string, SeenRoute> | undefined;
  /** Addresses by host name, as far as was asked; undefined: the name server does not answer. */
  readonly records: ReadonlyMap<string, readonly string[]> | undefined;
  /** By host name. */
  readonly certificates: ReadonlyMap<string, SeenCertificate>;
}

export function routeKey({ port, hostname }: { port: number; hostname: string }): string {
  return `${port} ${hostname}`;
}

/** Whether a certificate is missing, or old enough to be renewed. */
export function isCertificateDue(
  seen: SeenCertificate | undefined,
  { renewBeforeMs }: Pick<CertificateSettings, "renewBeforeMs">,
  nowMs: number,
): boolean {
  if (seen === undefined) return true;
  const lifetimeMs = seen.notAfterMs - seen.notBeforeMs;
  // More than its lifetime would renew it for ever.
  const beforeMs = renewBeforeMs === 0 ? lifetimeMs / 3 : Math.min(renewBeforeMs, lifetimeMs * 0.9);
  return nowMs >= seen.notAfterMs - beforeMs;
}
