import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createHash } from "node:crypto";
import type { Authority } from "../authorities/authority.ts";
import type { CertificateIndex } from "../certificates/certificate-index.ts";
import { readOcspRequest, type CertificateId, type OcspRequest } from "./ocsp-request.ts";
import { ocspFailure, ocspResponse, publicKeyBits, type OcspStatus } from "./ocsp-response.ts";

export interface OcspResponderParts {
  readonly index: CertificateIndex;
  readonly authorities: () => readonly Authority[];
  readonly clock: Clock;
}

interface CachedAnswer {
  readonly encoded: Buffer;
  readonly freshUntilMs: number;
  readonly status: OcspStatus;
}

/** How long clients may keep an answer. */
const lifetimeMs = 60 * 60 * 1_000;
/** How long we give out the same. */
const cachedMs = 10 * 60 * 1_000;
const cachedMaximum = 5_000;
/** Signatures at the same time; more are told to come back. */
const signingMaximum = 64;
const backdateMs = 60_000;

/** Answers questions about the status of certificates (RFC 6960), each signed by the authority that issued them.
 * An answer changes at once with a revocation. Those without a nonce are kept for a while. */
export class OcspResponder {
  readonly #parts: OcspResponderParts;
  readonly #cache = new Map<string, CachedAnswer>();
  #signing = 0;

  constructor(parts: OcspResponderParts) {
    this.#parts = parts;
  }

  /** @param encoded the request, DER
   * @returns the response, DER: also where the request is malformed or about somebody else's certificates */
  async answer(encoded: Uint8Array): Promise<Buffer> {
    let request: OcspRequest;
    try {
      request = readOcspRequest(encoded);
    } catch (thrown) {
      if (thrown instanceof DetailedError) return ocspFailure("malformedRequest");
      throw thrown;
    }
    const authorities = this.#authoritiesOf(request.certificates);
    const [signer] = authorities;
    if (signer === undefined) return ocspFailure("unauthorized");
    return this.#answerFor(request, signer, new Set(authorities.map(({ id }) => id)));
  }

  async #answerFor(request: OcspRequest, signer: Authority, issuers: ReadonlySet<string>): Promise<Buffer> {
    const nowMs = this.#parts.clock.now();
    const certificates = request.certificates.map((id) => ({ id, status: this.#status(id, issuers) }));
    const [only] = certificates;
    const key =
      request.nonce === undefined && certificates.length === 1
        ? only?.id.encoded.toString("base64")
        : undefined;
    const cached = key === undefined ? undefined : this.#cache.get(key);
    if (cached !== undefined && cached.freshUntilMs > nowMs && cached.status === only?.status) {
      return cached.encoded;
    }
    if (this.#signing >= signingMaximum) return ocspFailure("tryLater");
    this.#signing += 1;
    try {
      const thisUpdateMs = nowMs - backdateMs;
      const nextUpdateMs = nowMs + lifetimeMs;
      const answer = { certificates, nonce: request.nonce, thisUpdateMs, nextUpdateMs };
      const encoded = await ocspResponse(answer, signer);
      if (key !== undefined && only !== undefined) {
        this.#keep(key, { encoded, freshUntilMs: nowMs + cachedMs, status: only.status });
      }
      return encoded;
    } finally {
      this.#signing -= 1;
    }
  }

  #keep(key: string, answer: CachedAnswer): void {
    const oldest = this.#cache.size >= cachedMaximum ? this.#cache.keys().next().value : undefined;
    if (oldest !== undefined) this.#cache.delete(oldest);
    this.#cache.set(key, answer);
  }

  #status({ serialNumber }: CertificateId, issuers: ReadonlySet<string>): OcspStatus {
    const summary = this.#parts.index.get(serialNumber);
    return summary === undefined || !issuers.has(summary.issuer) ? "unknown" : (summary.revocation ?? "good");
  }

  /** The authority that all the certificates are of: several where its certificate was renewed for the same key. */
  #authoritiesOf(certificates: readonly CertificateId[]): Authority[] {
    return this.#parts.authorities().filter(({ certificate }) =>
      certificates.every(({ hash, issuerNameHash, issuerKeyHash }) => {
        if (hash === undefined) return false;
        const digest = (octets: Uint8Array) => createHash(hash).update(octets).digest();
        return (
          digest(certificate.subject).equals(issuerNameHash) &&
          digest(publicKeyBits(certificate.publicKey)).equals(issuerKeyHash)
        );
      }),
    );
  }
}
