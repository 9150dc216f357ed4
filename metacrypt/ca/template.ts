import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { KeyType } from "./key-type.ts";
import type { NameConstraints } from "./name-constraints.ts";
import type { KeyUsage, Profile } from "./profile.ts";
import { checkPublicKey } from "./public-key.ts";
import type { PublicationUrls } from "./status/publication-urls.ts";
import { subjectNames, type SubjectName } from "./subject-name.ts";

/** What somebody asks for. The key stays with whoever asks: only its public half is here. */
export interface CertificateRequest {
  /** Subject of an authority. For other profiles the default is the first DNS name that fits. */
  readonly commonName?: string;
  /** Subject of an authority, besides its common name. */
  readonly organization?: string;
  /** Two letters. */
  readonly country?: string;
  readonly names: readonly string[];
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Default: the profile's. */
  readonly lifetimeMs?: number;
  /** Milliseconds since the epoch. Default: a minute ago. */
  readonly notBeforeMs?: number;
  /** Milliseconds since the epoch; instead of `lifetimeMs`. */
  readonly notAfterMs?: number;
  /** Of an authority. */
  readonly nameConstraints?: NameConstraints;
}

export interface SubjectFields {
  /** Empty where no name fits into a common name; the alternative names then are critical. */
  readonly commonName: string;
  readonly organization?: string;
  readonly country?: string;
}

/** Everything that will be in the certificate, decided before anything is signed. */
export interface CertificateTemplate {
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly subject: SubjectFields;
  readonly names: readonly SubjectName[];
  readonly publicKey: Uint8Array;
  /** Milliseconds since the epoch, on whole seconds: certificates cannot say less. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly authority: { readonly pathLength: number | undefined } | undefined;
  readonly keyUsages: readonly KeyUsage[];
  readonly extendedKeyUsages: readonly string[];
  readonly nameConstraints?: NameConstraints;
  readonly urls?: PublicationUrls;
}

export interface TemplateContext {
  readonly serialNumber: string;
  readonly nowMs: number;
  /** Validity of the issuer's own certificate; a root has no bounds. */
  readonly issuerNotBeforeMs?: number;
  readonly issuerNotAfterMs: number;
  /** Where the issuer publishes. */
  readonly urls?: PublicationUrls;
}

/** For clocks of clients that are a little behind. */
const backdateMs = 60_000;
/** How far in the past: further back would vouch for times when nobody had looked. */
const pastMs = 24 * 60 * 60 * 1_000;
/** How far in the future a certificate may begin. */
const futureMs = 90 * 24 * 60 * 60 * 1_000;
/** Upper bound of X.520 `ub-common-name`. */
const commonNameLengthMaximum = 64;

/** Turns a request into a template by the rules of a profile. The end is never after the issuer's own.
 * @throws DetailedError `CERTIFICATE_KEY_REFUSED`, `CERTIFICATE_NAME_INVALID`, `CERTIFICATE_NAMES_COUNT`,
 *   `CERTIFICATE_NAME_TYPE_REFUSED`, `CERTIFICATE_COMMON_NAME_REFUSED`, `CERTIFICATE_LIFETIME_INVALID`,
 *   `CERTIFICATE_ISSUER_EXPIRED` */
export function certificateTemplate(
  profile: Profile,
  request: CertificateRequest,
  context: TemplateContext,
): CertificateTemplate {
  const { keyType, encoded } = checkPublicKey(request.publicKey, profile.keyTypes);
  const names = subjectNames(request.names);
  checkNames(profile, names);
  const validity = validityOf(profile, request, context);
  return {
    serialNumber: context.serialNumber,
    subject: subjectOf(profile, request, names),
    names,
    publicKey: encoded,
    ...validity,
    authority: profile.authority,
    keyUsages: profile.keyUsages.filter((usage) => canDo(keyType, usage)),
    extendedKeyUsages: profile.extendedKeyUsages,
    ...(request.nameConstraints === undefined ? {} : { nameConstraints: request.nameConstraints }),
    ...(context.urls === undefined ? {} : { urls: context.urls }),
  };
}

/** RFC 3279, section 2.3.1; RFC 5480, section 3; RFC 8410, section 5. */
function canDo(keyType: KeyType, usage: KeyUsage): boolean {
  if (usage === "keyEncipherment" || usage === "dataEncipherment") return keyType.startsWith("rsa");
  return usage !== "keyAgreement" || keyType.startsWith("ecdsa");
}

function subjectOf(
  profile: Profile,
  request: CertificateRequest,
  names: readonly SubjectName[],
): SubjectFields {
  const { organization, country } = request;
  if (request.commonName !== undefined) checkCommonName(profile, request.commonName, names);
  return {
    commonName: request.commonName ?? commonNameOf(names),
    ...(organization === undefined ? {} : { organization: checkSubjectText(organization) }),
    ...(country === undefined ? {} : { country: checkCountry(country) }),
  };
}

function commonNameOf(names: readonly SubjectName[]): string {
  const fitting = names.find((name) => name.type === "dns" && name.value.length <= commonNameLengthMaximum);
  return fitting?.value ?? "";
}

function checkCommonName(profile: Profile, commonName: string, names: readonly SubjectName[]): void {
  checkSubjectText(commonName);
  if (profile.commonName === "any" || names.some(({ value }) => value === commonName.toLowerCase())) return;
  throw subjectRefused(`the common name ${JSON.stringify(commonName)}, which is none of its names`);
}

function checkSubjectText(text: string): string {
  const fits = text !== "" && text.length <= commonNameLengthMaximum && text.trim() === text;
  // Controls would let a subject look like another one in a terminal.
  if (fits && !/\p{C}/u.test(text)) return text;
  throw subjectRefused(
    `${JSON.stringify(text.slice(0, 100))}, which is not 1 to ${commonNameLengthMaximum} visible characters`,
  );
}

function checkCountry(text: string): string {
  if (/^[A-Z]{2}$/.test(text)) return text;
  throw subjectRefused(`the country ${JSON.stringify(text.slice(0, 100))}, which is not two capital letters`);
}

function subjectRefused(found: string): DetailedError {
  return new DetailedError({
    code: "CERTIFICATE_COMMON_NAME_REFUSED",
    category: "invalid-argument",
    attempted: "issue a certificate",
    found: `a subject with ${found}`,
    remedy: "leave it out, or ask for it as a name as well",
  });
}

function checkNames(profile: Profile, names: readonly SubjectName[]): void {
  const minimum = profile.authority === undefined ? 1 : 0;
  if (names.length < minimum || names.length > profile.maximumNames)
    throw countRefused(profile, names.length);
  for (const { type, value } of names) {
    if (!profile.nameTypes.includes(type)) throw nameRefused(profile, value, `a name of type ${type}`);
    if (value.startsWith("*.") && !profile.wildcards) throw nameRefused(profile, value, "a wildcard");
  }
}

function countRefused(profile: Profile, count: number): DetailedError {
  const minimum = profile.authority === undefined ? 1 : 0;
  return new DetailedError({
    code: "CERTIFICATE_NAMES_COUNT",
    category: "invalid-argument",
    attempted: `issue a certificate of profile ${profile.name}`,
    found: `${count} names`,
    remedy: `ask for ${minimum} to ${profile.maximumNames} names`,
  });
}

function nameRefused(profile: Profile, subject: string, found: string): DetailedError {
  const wildcards = profile.wildcards ? "" : ", without wildcards";
  return new DetailedError({
    code: "CERTIFICATE_NAME_TYPE_REFUSED",
    category: "invalid-argument",
    attempted: `issue a certificate of profile ${profile.name} for`,
    subject,
    found,
    remedy: `ask for names of type ${profile.nameTypes.join(", ")}${wildcards}, or use another profile`,
  });
}

function validityOf(
  profile: Profile,
  request: CertificateRequest,
  context: TemplateContext,
): { notBeforeMs: number; notAfterMs: number } {
  const { nowMs, issuerNotAfterMs, issuerNotBeforeMs = -Infinity } = context;
  if (issuerNotAfterMs <= nowMs) throw issuerExpired(issuerNotAfterMs);
  const startMs = request.notBeforeMs ?? nowMs;
  const lifetimeMs =
    request.notAfterMs === undefined
      ? (request.lifetimeMs ?? profile.defaultLifetimeMs)
      : request.notAfterMs - startMs;
  checkLifetime(profile, lifetimeMs);
  const notBeforeMs = Math.max(request.notBeforeMs ?? nowMs - backdateMs, issuerNotBeforeMs);
  const notAfterMs = Math.min(startMs + lifetimeMs, issuerNotAfterMs);
  const inReach = startMs >= nowMs - pastMs && startMs <= nowMs + futureMs;
  if (!inReach || notAfterMs <= Math.max(nowMs, notBeforeMs))
    throw timesRefused(profile, startMs, notAfterMs);
  return { notBeforeMs: wholeSeconds(notBeforeMs), notAfterMs: wholeSeconds(notAfterMs) };
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

function timesRefused(profile: Profile, startMs: number, endMs: number): DetailedError {
  return new DetailedError({
    code: "CERTIFICATE_LIFETIME_INVALID",
    category: "invalid-argument",
    attempted: `issue a certificate of profile ${profile.name}`,
    found: `a validity from ${instant(startMs)} to ${instant(endMs)}`,
    remedy:
      "let it begin at most a day ago and within 90 days, and end after that and within the issuer's own validity",
  });
}

function issuerExpired(notAfterMs: number): DetailedError {
  return new DetailedError({
    code: "CERTIFICATE_ISSUER_EXPIRED",
    category: "failed-precondition",
    attempted: "issue a certificate",
    found: `the authority's own certificate ended at ${instant(notAfterMs)}`,
    remedy: "check this machine's clock; if it is right, create a new authority",
  });
}

function wholeSeconds(timestampMs: number): number {
  return Math.floor(timestampMs / 1_000) * 1_000;
}

function seconds(durationMs: number): string {
  return `${Math.round(durationMs / 1_000)} s`;
}

function instant(timestampMs: number): string {
  const date = new Date(timestampMs);
  return Number.isNaN(date.getTime()) ? "the impossible" : date.toISOString();
}
