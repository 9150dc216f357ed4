import type { RevocationReason } from "./revocation.ts";

/** What somebody asks of an issuer. The key stays with whoever asks: only its public half is here. */
export interface IssueRequest {
  /** Name of a profile, e.g. `server`; it bounds everything else. */
  readonly profile: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** DNS names (wildcards where the profile has them), IP addresses, mail addresses and URIs, at least one. */
  readonly names: readonly string[];
  /** Default: the first DNS name that fits. Must be one of the names. */
  readonly commonName?: string;
  /** Default: the profile's. */
  readonly lifetimeMs?: number;
  /** Milliseconds since the epoch. Default: a minute ago. */
  readonly notBeforeMs?: number;
  /** Milliseconds since the epoch; instead of `lifetimeMs`. */
  readonly notAfterMs?: number;
  /** Name of the account that asks; it is written down with the certificate. */
  readonly requester: string;
  /** Id of the issuing authority. Default: the mount's default. */
  readonly issuer?: string;
}

export interface Issued {
  readonly certificatePem: string;
  /** The certificate first, then each issuer up to but without the root. */
  readonly chainPem: string;
  /** Hexadecimal, lower case, of even length. */
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface Revocation {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly reason: RevocationReason;
  /** Name of the account. */
  readonly by: string;
}

/** What is known about a certificate that was issued. */
export interface IssuedRecord extends Issued {
  readonly names: readonly string[];
  /** Empty: none. */
  readonly commonName: string;
  readonly profile: string;
  readonly requester: string;
  /** Id of the issuing authority. */
  readonly issuer: string;
  /** SHA-256 of the certificate, hexadecimal, lower case. */
  readonly fingerprint: string;
  /** When it was issued, milliseconds since the epoch. */
  readonly issuedMs: number;
  readonly revocation: Revocation | undefined;
}

/** Issues certificates by profile, and knows every one that it ever issued. */
export interface CertificateIssuer {
  /** The certificate is stored before this returns.
   * @throws DetailedError `CERTIFICATE_…` when the request is refused */
  issue(request: IssueRequest): Promise<Issued>;
  /** Nothing changes when it is revoked already.
   * @param serialNumber hexadecimal
   * @param by name of the account
   * @throws DetailedError `CERTIFICATE_UNKNOWN` */
  revoke(serialNumber: string, reason: RevocationReason, by: string): Promise<void>;
  /** Undefined: this issuer never issued it.
   * @param serialNumber hexadecimal */
  find(serialNumber: string): IssuedRecord | undefined;
  /** The certificate of an authority, in PEM.
   * @param authority its id
   * @throws DetailedError `AUTHORITY_NOT_FOUND` */
  authorityPem(authority: string): string;
}
