import { hostnameProblem } from "../routes/hostname.ts";
import { type Certificate, validityProblem } from "./certificate.ts";

/** Which certificate serves which names. */
export interface CertificateChoice {
  /** For a client that asks for the host name; undefined: none covers it. The host name of a route that stands for
   * many, `*.example.org`, needs a certificate with the same wildcard. */
  certificateFor(hostname: string): Certificate | undefined;
  /** Certificates that serve at least one name, each with its names: no name is twice there. */
  readonly assigned: readonly { readonly certificate: Certificate; readonly hostnames: readonly string[] }[];
}

/** A name goes to a certificate that is valid now before one that is not, then to the one that ends last. One that names
 * it comes before one with a wildcard, unless only the latter is valid. */
export function chooseCertificates(certificates: readonly Certificate[], nowMs: number): CertificateChoice {
  const best = new Map<string, Certificate>();
  for (const certificate of certificates) {
    for (const name of certificate.names.filter((each) => hostnameProblem(each) === undefined)) {
      const other = best.get(name);
      if (other === undefined || isBetter(certificate, other, nowMs)) best.set(name, certificate);
    }
  }
  for (const [name, certificate] of best) {
    const wildcard = best.get(wildcardOf(name));
    // Without the name the data plane takes the wildcard.
    if (wildcard !== undefined && !isValid(certificate, nowMs) && isValid(wildcard, nowMs)) best.delete(name);
  }
  const byCertificate = Map.groupBy(best, ([, certificate]) => certificate);
  return {
    certificateFor: (hostname) => best.get(hostname) ?? best.get(wildcardOf(hostname)),
    assigned: [...byCertificate].map(([certificate, entries]) => ({
      certificate,
      hostnames: entries.map(([name]) => name),
    })),
  };
}

function wildcardOf(hostname: string): string {
  return `*.${hostname.slice(hostname.indexOf(".") + 1)}`;
}

function isValid(certificate: Certificate, nowMs: number): boolean {
  return validityProblem(certificate, nowMs) === undefined;
}

function isBetter(a: Certificate, b: Certificate, nowMs: number): boolean {
  if (isValid(a, nowMs) !== isValid(b, nowMs)) return isValid(a, nowMs);
  // The name decides last, so that the answer never depends on the order of a directory.
  return a.notAfterMs === b.notAfterMs ? a.name < b.name : a.notAfterMs > b.notAfterMs;
}
