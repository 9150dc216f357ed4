import { createPublicKey, X509Certificate } from "node:crypto";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Engine, EngineParts, EngineType } from "../mounts/engine.ts";
import { AuthorityDesk } from "./authorities/authority-desk.ts";
import { isRoot, type Authority } from "./authorities/authority.ts";
import { AuthorityStore } from "./authorities/authority-store.ts";
import { fingerprintOf } from "./certificate.ts";
import { hexadecimal, type CertificateFilter, type IssuedSummary } from "./certificates/search.ts";
import { CertificateStore } from "./certificates/certificate-store.ts";
import type { SearchPage } from "./certificates/certificate-index.ts";
import type { CertificateIssuer, Issued, IssuedRecord, IssueRequest } from "./issuer.ts";
import { checkNameConstraints } from "./name-constraints.ts";
import { pemOf } from "./pem.ts";
import { ProfileStore } from "./profile-store.ts";
import type { Profile } from "./profile.ts";
import type { RevocationReason } from "./revocation.ts";
import { randomSerialNumber } from "./serial-number.ts";
import { sign } from "./sign.ts";
import { CrlPublisher } from "./status/crl-publisher.ts";
import { OcspResponder } from "./status/ocsp-responder.ts";
import { publicationUrls } from "./status/publication-urls.ts";
import { certificateTemplate, type CertificateRequest } from "./template.ts";

/** A mount of type `ca`: authorities, profiles, and every certificate that they issued. */
export class CaMount implements Engine, CertificateIssuer {
  readonly name: string;
  readonly authorities: AuthorityStore;
  /** Makes and changes authorities. */
  readonly desk: AuthorityDesk;
  readonly profiles: ProfileStore;
  readonly crls: CrlPublisher;
  readonly ocsp: OcspResponder;
  readonly #certificates: CertificateStore;
  readonly #parts: EngineParts;

  static async open(parts: EngineParts): Promise<CaMount> {
    return new CaMount(parts, await CertificateStore.open(parts.records));
  }

  private constructor(parts: EngineParts, certificates: CertificateStore) {
    const { mount, records, audit, clock } = parts;
    this.name = mount;
    this.#parts = parts;
    this.#certificates = certificates;
    this.authorities = new AuthorityStore(records);
    this.profiles = new ProfileStore(records);
    this.desk = new AuthorityDesk({ mount, authorities: this.authorities, audit, clock });
    const { index } = certificates;
    const authorities = (): Authority[] => this.authorities.all();
    this.crls = new CrlPublisher({ mount, records, audit, clock, index, authorities });
    this.ocsp = new OcspResponder({ index, authorities, clock });
  }

  /** How many certificates were issued. */
  get size(): number {
    return this.#certificates.index.size;
  }

  issue(request: IssueRequest): Promise<Issued> {
    return this.issueBy(this.profiles.get(request.profile), request);
  }

  /** As `issue`, by a profile that need not be one of the mount: for authorities too. */
  async issueBy(
    profile: Profile,
    request: CertificateRequest & Pick<IssueRequest, "requester" | "issuer">,
  ): Promise<Issued> {
    const authority = this.#enabled(request.issuer);
    const { clock } = this.#parts;
    const template = certificateTemplate(profile, request, {
      serialNumber: randomSerialNumber(),
      nowMs: clock.now(),
      issuerNotBeforeMs: authority.certificate.notBeforeMs,
      issuerNotAfterMs: authority.certificate.notAfterMs,
      urls: publicationUrls(this.#origin, this.name, authority.id),
    });
    checkNameConstraints(template.names, authority.constraints);
    const encoded = await sign(template, authority);
    const { serialNumber, notBeforeMs, notAfterMs } = template;
    const summary: IssuedSummary = {
      serialNumber,
      notBeforeMs,
      notAfterMs,
      issuer: authority.id,
      profile: profile.name,
      requester: request.requester,
      names: template.names.map(({ value }) => value),
      commonName: template.subject.commonName,
      issuedMs: clock.now(),
      fingerprint: fingerprintOf(encoded),
      revocation: undefined,
    };
    this.#record(summary, encoded);
    return this.#issued(summary, encoded);
  }

  /** Issues the like of a certificate again.
   * @param publicKey SubjectPublicKeyInfo, DER
   * @param lifetimeMs 0: as long as before, as far as the profile allows
   * @throws DetailedError as `issue`; `CERTIFICATE_KEY_REFUSED` also for a key that was compromised */
  renew(before: IssuedRecord, publicKey: Uint8Array, requester: string, lifetimeMs = 0): Promise<Issued> {
    if (isCompromised(before, publicKey)) throw keyCompromised(before);
    const profile = this.profiles.get(before.profile);
    const asBefore = Math.min(before.notAfterMs - before.notBeforeMs, profile.maximumLifetimeMs);
    return this.issueBy(profile, {
      names: before.names,
      ...(before.commonName === "" ? {} : { commonName: before.commonName }),
      publicKey,
      requester,
      lifetimeMs: lifetimeMs || asBefore,
    });
  }

  async revoke(serialNumber: string, reason: RevocationReason, by: string): Promise<void> {
    const summary = this.#known(serialNumber);
    if (summary.revocation !== undefined) return;
    const { audit, clock } = this.#parts;
    const revoked = { ...summary, revocation: { atMs: wholeSeconds(clock.now()), reason, by } };
    audit.change(
      {
        actor: by,
        operation: "ca/revoke",
        mount: this.name,
        subject: summary.serialNumber,
        facts: { reason, names: whatFor(summary) },
      },
      () => this.#certificates.putSummary(revoked),
    );
    this.#certificates.index.replace(revoked);
    await Promise.resolve();
  }

  find(serialNumber: string): IssuedRecord | undefined {
    const summary = this.#certificates.index.get(hexadecimal(serialNumber));
    return summary === undefined ? undefined : this.#complete(summary);
  }

  authorityPem(authority: string): string {
    return pemOf("CERTIFICATE", this.authorities.get(authority).certificate.encoded);
  }

  /** As `find`.
   * @throws DetailedError `CERTIFICATE_UNKNOWN` */
  get(serialNumber: string): IssuedRecord {
    return this.#complete(this.#known(serialNumber));
  }

  /** Newest first.
   * @param page.after `next` of the page before */
  search(filter: CertificateFilter, page: { readonly limit: number; readonly after?: string }): SearchPage {
    return this.#certificates.index.search(filter, page, this.#parts.clock.now());
  }

  /** Stores a profile of the mount.
   * @throws DetailedError `PROFILE_INVALID` */
  putProfile(wanted: unknown, by: string): Profile {
    const profile = this.profiles.check(wanted);
    const entry = { actor: by, operation: "ca/put-profile", mount: this.name, subject: profile.name };
    this.#parts.audit.change(entry, () => this.profiles.put(profile));
    return profile;
  }

  /** @throws DetailedError `PROFILE_NOT_FOUND` */
  deleteProfile(name: string, by: string): void {
    const entry = { actor: by, operation: "ca/delete-profile", mount: this.name, subject: name };
    this.#parts.audit.change(entry, () => this.profiles.delete(name));
  }

  /** Nothing runs in the background; what is in memory goes with the object. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  get #origin(): string {
    const { externalUrl, pkiUrl } = this.#parts.settings;
    return pkiUrl ?? externalUrl;
  }

  #enabled(reference: string | undefined): Authority {
    const authority = this.authorities.get(reference);
    if (!authority.disabled) return authority;
    throw new DetailedError({
      code: "AUTHORITY_DISABLED",
      category: "failed-precondition",
      attempted: "issue a certificate by authority",
      subject: authority.name,
      found: "it was disabled",
      remedy: "use another authority of the mount, or enable it again",
    });
  }

  #known(serialNumber: string): IssuedSummary {
    const summary = this.#certificates.index.get(hexadecimal(serialNumber));
    if (summary !== undefined) return summary;
    throw new DetailedError({
      code: "CERTIFICATE_UNKNOWN",
      category: "not-found",
      attempted: "find the certificate with the serial number",
      subject: JSON.stringify(serialNumber.slice(0, 100)),
      found: `mount ${this.name} never issued it`,
      remedy: "look with: metacrypt ca list",
    });
  }

  #record(summary: IssuedSummary, encoded: Uint8Array): void {
    const { audit } = this.#parts;
    const { serialNumber, requester, profile, notAfterMs } = summary;
    audit.change(
      {
        actor: requester,
        operation: "ca/issue",
        mount: this.name,
        subject: whatFor(summary),
        facts: { serialNumber, profile, notAfter: new Date(notAfterMs).toISOString() },
      },
      () => this.#certificates.put(summary, encoded),
    );
    this.#certificates.index.add(summary);
  }

  #complete(summary: IssuedSummary): IssuedRecord {
    return { ...summary, ...this.#issued(summary, this.#certificates.encoded(summary.serialNumber)) };
  }

  #issued(summary: IssuedSummary, encoded: Uint8Array): Issued {
    const { serialNumber, notBeforeMs, notAfterMs } = summary;
    const certificatePem = pemOf("CERTIFICATE", encoded);
    return {
      certificatePem,
      chainPem: certificatePem + chainPem(this.authorities.get(summary.issuer)),
      serialNumber,
      notBeforeMs,
      notAfterMs,
    };
  }
}

/** The kind of engine that holds certificate authorities. */
export const caEngine: EngineType<CaMount> = {
  type: "ca",
  open: (parts) => CaMount.open(parts),
  is: (engine) => engine instanceof CaMount,
};

/** An authority's certificate and those above it, without the root, which clients have. */
function chainPem(authority: Authority): string {
  return [authority.certificate, ...authority.chain]
    .filter((certificate) => !isRoot({ certificate }))
    .map(({ encoded }) => pemOf("CERTIFICATE", encoded))
    .join("");
}

/** Its names, or those that fit into a line. */
function whatFor({ names, commonName }: IssuedSummary): string {
  return (names.length === 0 ? commonName : names.join(" ")).slice(0, 500);
}

/** Whether it is the key of a certificate that was revoked because somebody else has it. */
function isCompromised({ revocation, certificatePem }: IssuedRecord, publicKey: Uint8Array): boolean {
  if (revocation?.reason !== "keyCompromise") return false;
  const key = createPublicKey({ key: Buffer.from(publicKey), type: "spki", format: "der" });
  return new X509Certificate(certificatePem).publicKey.equals(key);
}

function keyCompromised({ serialNumber }: IssuedRecord): DetailedError {
  return new DetailedError({
    code: "CERTIFICATE_KEY_REFUSED",
    category: "invalid-argument",
    attempted: "renew the certificate",
    subject: serialNumber,
    found: "it was revoked because its key was compromised",
    remedy: "send a request for a new key: metacrypt ca renew --csr",
  });
}

function wholeSeconds(timestampMs: number): number {
  return Math.floor(timestampMs / 1_000) * 1_000;
}
