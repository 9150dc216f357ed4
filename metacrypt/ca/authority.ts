import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { readCertificate } from "./certificate.ts";
import { generateKeyPair } from "./key-pair.ts";
import { profiles, type Profile } from "./profile.ts";
import { randomSerialNumber } from "./serial-number.ts";
import { signToPem, type Issuer } from "./sign.ts";
import type { AuthorityMaterial, AuthorityStore } from "./store.ts";
import { certificateTemplate, type CertificateRequest } from "./template.ts";

export interface AuthorityOptions {
  readonly store: AuthorityStore;
  readonly clock: Clock;
  /** Subject of the root where it has to be created. */
  readonly commonName: string;
}

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number;
}

/** A certificate authority: decides by profile, signs, and remembers every certificate it signed. */
export class CertificateAuthority {
  /** What clients trust. */
  readonly certificatePem: string;
  readonly #issuer: Issuer;
  readonly #notAfterMs: number;
  readonly #options: AuthorityOptions;

  /** Loads the authority, or creates its self-signed root when the store is empty.
   * @throws DetailedError `AUTHORITY_INVALID` when what is stored does not belong together */
  static async open(options: AuthorityOptions): Promise<CertificateAuthority> {
    const material = (await options.store.load()) ?? (await createRoot(options));
    return new CertificateAuthority(options, material);
  }

  private constructor(options: AuthorityOptions, material: AuthorityMaterial) {
    const certificate = new X509Certificate(material.certificatePem);
    const privateKey = createPrivateKey(material.privateKeyPem);
    if (!certificate.checkPrivateKey(privateKey)) throw keyMismatch();
    this.certificatePem = material.certificatePem;
    this.#notAfterMs = certificate.validToDate.getTime();
    this.#issuer = { privateKey, certificate: readCertificate(certificate.raw) };
    this.#options = options;
  }

  /** Issues a certificate. It is in the store before it is returned.
   * @throws DetailedError `CERTIFICATE_…` when the request is refused */
  async issue(profile: Profile, request: CertificateRequest): Promise<IssuedCertificate> {
    const template = certificateTemplate(profile, request, {
      serialNumber: randomSerialNumber(),
      nowMs: this.#options.clock.now(),
      issuerNotAfterMs: this.#notAfterMs,
    });
    const certificatePem = await signToPem(template, this.#issuer);
    await this.#options.store.record(template.serialNumber, certificatePem);
    return { certificatePem, serialNumber: template.serialNumber, notAfterMs: template.notAfterMs };
  }
}

async function createRoot({ store, clock, commonName }: AuthorityOptions): Promise<AuthorityMaterial> {
  const { privateKeyPem, publicKey } = generateKeyPair();
  const template = certificateTemplate(
    profiles.root,
    { commonName, names: [], publicKey },
    { serialNumber: randomSerialNumber(), nowMs: clock.now(), issuerNotAfterMs: Infinity },
  );
  const issuer: Issuer = { certificate: undefined, privateKey: createPrivateKey(privateKeyPem) };
  const material = { certificatePem: await signToPem(template, issuer), privateKeyPem };
  await store.save(material);
  return material;
}

function keyMismatch(): DetailedError {
  return new DetailedError({
    code: "AUTHORITY_INVALID",
    category: "failed-precondition",
    attempted: "open the certificate authority",
    found: "its certificate and its private key do not belong together",
    remedy: "restore both from the same backup",
  });
}
