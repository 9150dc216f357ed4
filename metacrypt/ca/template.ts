import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { ExtendedKeyUsage, KeyUsage, Profile } from "./profile.ts";
import { subjectNames, type SubjectName } from "./subject-name.ts";

/** What somebody asks for. The key stays with whoever asks: only its public half is here. */
export interface CertificateRequest {
  /** Subject of an authority. For other profiles the first DNS name is used. */
  readonly commonName?: string;
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Default: the profile's. */
  readonly lifetimeMs?: number;
}

/** Everything that will be in the certificate, decided before anything is signed. */
export interface CertificateTemplate {
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Empty where no name fits into a common name; the alternative names then are critical. */
  readonly commonName: string;
  readonly names: readonly SubjectName[];
  readonly publicKey: Uint8Array;
  /** Milliseconds since the epoch, on whole seconds: certificates cannot say less. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly authority: { readonly pathLength: number } | undefined;
  readonly keyUsages: readonly KeyUsage[];
  readonly extendedKeyUsages: readonly ExtendedKeyUsage[];
}

export interface TemplateContext {
  readonly serialNumber: string;
  readonly nowMs: number;
  /** End of the issuer's own certificate; Infinity for a root. */
  readonly issuerNotAfterMs: number;
}

/** For clocks of clients that are a little behind. */
const backdateMs = 60_000;
/** Upper bound of X.520 `ub-common-name`. */
const commonNameLengthMaximum = 64;
const namesMaximum = 100;

/** Turns a request into a template by the rules of a profile. The end is never after the issuer's own.
 * @throws DetailedError `CERTIFICATE_NAME_INVALID`, `CERTIFICATE_NAMES_COUNT`, `CERTIFICATE_LIFETIME_INVALID`,
 *   `CERTIFICATE_ISSUER_EXPIRED` */
export function certificateTemplate(
  profile: Profile,
  request: CertificateRequest,
  context: TemplateContext,
): CertificateTemplate {
  const names = subjectNames(request.names);
  checkNameCount(profile, names.length);
  const lifetimeMs = request.lifetimeMs ?? profile.defaultLifetimeMs;
  checkLifetime(profile, lifetimeMs);
  if (context.issuerNotAfterMs <= context.nowMs) throw issuerExpired(context.issuerNotAfterMs);
  return {
    serialNumber: context.serialNumber,
    commonName: request.commonName ?? commonNameOf(names),
    names,
    publicKey: request.publicKey,
    notBeforeMs: wholeSeconds(context.nowMs - backdateMs),
    notAfterMs: wholeSeconds(Math.min(context.nowMs + lifetimeMs, context.issuerNotAfterMs)),
    authority: profile.authority,
    keyUsages: profile.keyUsages,
    extendedKeyUsages: profile.extendedKeyUsages,
  };
}

function commonNameOf(names: readonly SubjectName[]): string {
  const fitting = names.find((name) => name.type === "dns" && name.value.length <= commonNameLengthMaximum);
  return fitting?.value ?? "";
}

function checkNameCount(profile: Profile, count: number): void {
  const minimum = profile.authority === undefined ? 1 : 0;
  if (count >= minimum && count <= namesMaximum) return;
  throw new DetailedError({
    code: "CERTIFICATE_NAMES_COUNT",
    category: "invalid-argument",
    attempted: `issue a certificate of profile ${profile.name}`,
    found: `${count} names`,
    remedy: `ask for ${minimum} to ${namesMaximum} names`,
  });
}

function checkLifetime(profile: Profile, lifetimeMs: number): void {
  if (lifetimeMs > 0 && lifetimeMs <= profile.maximumLifetimeMs) return;
  throw new DetailedError({
    code: "CERTIFICATE_LIFETIME_INVALID",
    category: "invalid-argument",
    attempted: `issue a certificate of profile ${profile.name}`,
    found: `a lifetime of ${seconds(lifetimeMs)}`,
    remedy: `ask for at most ${seconds(profile.maximumLifetimeMs)}`,
  });
}

function issuerExpired(notAfterMs: number): DetailedError {
  return new DetailedError({
    code: "CERTIFICATE_ISSUER_EXPIRED",
    category: "failed-precondition",
    attempted: "issue a certificate",
    found: `the authority's own certificate ended at ${new Date(notAfterMs).toISOString()}`,
    remedy: "check this machine's clock; if it is right, create a new authority",
  });
}

function wholeSeconds(timestampMs: number): number {
  return Math.floor(timestampMs / 1_000) * 1_000;
}

function seconds(durationMs: number): string {
  return `${Math.round(durationMs / 1_000)} s`;
}
