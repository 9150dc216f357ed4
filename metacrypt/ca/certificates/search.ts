import type { IssuedRecord, Revocation } from "../issuer.ts";

/** What is remembered of each certificate in memory: everything but the certificate itself. */
export type IssuedSummary = Omit<IssuedRecord, "certificatePem" | "chainPem">;

export type CertificateStatus = "valid" | "expired" | "revoked";

/** What to look for; what is left out matches everything. */
export interface CertificateFilter {
  /** Part of one of the names, in any case. */
  readonly name?: string;
  /** Beginning of the serial number or of the fingerprint, hexadecimal; colons are ignored. */
  readonly serialNumber?: string;
  readonly fingerprint?: string;
  /** Id of the authority. */
  readonly issuer?: string;
  readonly requester?: string;
  readonly profile?: string;
  readonly status?: CertificateStatus;
  /** Milliseconds since the epoch. */
  readonly expiresBeforeMs?: number;
  readonly expiresAfterMs?: number;
}

export function statusOf(
  { revocation, notAfterMs }: { readonly revocation: Revocation | undefined; readonly notAfterMs: number },
  nowMs: number,
): CertificateStatus {
  if (revocation !== undefined) return "revoked";
  return notAfterMs <= nowMs ? "expired" : "valid";
}

/** A test for the filter. */
export function matcherFor(filter: CertificateFilter, nowMs: number): (summary: IssuedSummary) => boolean {
  const name = filter.name === undefined ? undefined : filter.name.toLowerCase();
  const serialNumber = hexadecimal(filter.serialNumber);
  const fingerprint = hexadecimal(filter.fingerprint);
  const conditions: (((summary: IssuedSummary) => boolean) | undefined)[] = [
    serialNumber === undefined ? undefined : (each) => each.serialNumber.startsWith(serialNumber),
    fingerprint === undefined ? undefined : (each) => each.fingerprint.startsWith(fingerprint),
    equal("issuer", filter.issuer),
    equal("requester", filter.requester),
    equal("profile", filter.profile),
    within(filter),
    filter.status === undefined ? undefined : (each) => statusOf(each, nowMs) === filter.status,
    name === undefined
      ? undefined
      : ({ names, commonName }) => hasText(commonName, name) || names.some((each) => hasText(each, name)),
  ];
  const given = conditions.filter((condition) => condition !== undefined);
  return (summary) => given.every((condition) => condition(summary));
}

/** Most names are in lower case already, so that most are found or not without making another text. */
function hasText(text: string, wanted: string): boolean {
  return text.includes(wanted) || (capital.test(text) && text.toLowerCase().includes(wanted));
}

const capital = /[A-Z]/;

function equal(
  field: "issuer" | "requester" | "profile",
  wanted: string | undefined,
): ((summary: IssuedSummary) => boolean) | undefined {
  return wanted === undefined ? undefined : (summary) => summary[field] === wanted;
}

function within(filter: CertificateFilter): ((summary: IssuedSummary) => boolean) | undefined {
  const { expiresBeforeMs = Infinity, expiresAfterMs = -Infinity } = filter;
  if (expiresBeforeMs === Infinity && expiresAfterMs === -Infinity) return undefined;
  return ({ notAfterMs }) => notAfterMs < expiresBeforeMs && notAfterMs > expiresAfterMs;
}

/** Hexadecimal as it is stored, of what people paste. */
export function hexadecimal<T extends string | undefined>(text: T): T extends string ? string : undefined;
export function hexadecimal(text: string | undefined): string | undefined {
  return text?.toLowerCase().replaceAll(/[:\s]/g, "");
}
