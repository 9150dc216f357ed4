/** Where an authority publishes what certificates that it issued point to. */
export interface PublicationUrls {
  /** The authority's own certificate, DER (RFC 5280, section 4.2.2.1). */
  readonly issuer: string;
  /** The status of single certificates (RFC 6960). */
  readonly ocsp: string;
  /** The revocation list, DER (RFC 5280, section 4.2.1.13). */
  readonly crl: string;
}

/** The addresses for certificates that an authority of a mount issues.
 * @param origin e.g. `http://pki.example.org` */
export function publicationUrls(origin: string, mount: string, issuerId: string): PublicationUrls {
  const base = `${origin.replace(/\/$/, "")}/pki/${mount}`;
  return {
    issuer: `${base}/issuers/${issuerId}.crt`,
    ocsp: `${base}/ocsp`,
    crl: `${base}/crl/${issuerId}.crl`,
  };
}
