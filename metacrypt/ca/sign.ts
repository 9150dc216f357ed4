import type { KeyObject } from "node:crypto";
import { subjectFieldIds } from "./der/object-identifiers.ts";
import * as der from "./der/write.ts";
import * as extensions from "./extensions.ts";
import { pemOf } from "./pem.ts";
import { keyIdentifier } from "./public-key.ts";
import { signatureAlgorithm, signed } from "./signature.ts";
import type { CertificateTemplate, SubjectFields } from "./template.ts";

/** Who signs. */
export interface Issuer {
  readonly privateKey: KeyObject;
  /** Undefined while a root signs itself. */
  readonly certificate: IssuerCertificate | undefined;
}

/** What of the issuer's certificate is in those that it signs. */
export interface IssuerCertificate {
  /** Its subject, DER. */
  readonly subject: Uint8Array;
  readonly subjectKeyIdentifier: Uint8Array;
}

const version3 = der.context(0, der.integer(2));

/** Signs exactly what the template says, adds both key identifiers (RFC 5280, 4.2.1.1 and 4.2.1.2), and
 * returns the certificate as DER. */
export async function sign(template: CertificateTemplate, issuer: Issuer): Promise<Buffer> {
  const subject = distinguishedName(template.subject);
  const identifier = keyIdentifier(template.publicKey);
  const toBeSigned = der.sequence(
    version3,
    der.integer(template.serialNumber),
    signatureAlgorithm(issuer.privateKey),
    issuer.certificate?.subject ?? subject,
    der.sequence(der.time(template.notBeforeMs), der.time(template.notAfterMs)),
    subject,
    template.publicKey,
    der.context(
      3,
      der.sequence(
        ...extensionsOf(template),
        extensions.subjectKeyIdentifier(identifier),
        extensions.authorityKeyIdentifier(issuer.certificate?.subjectKeyIdentifier ?? identifier),
      ),
    ),
  );
  return signed(toBeSigned, issuer.privateKey);
}

/** As PEM. */
export async function signToPem(template: CertificateTemplate, issuer: Issuer): Promise<string> {
  return pemOf("CERTIFICATE", await sign(template, issuer));
}

/** A name of few fields, from the general to the special (X.520). */
export function distinguishedName({ country, organization, commonName }: SubjectFields): Buffer {
  const fields = [
    ...(country === undefined ? [] : [field(subjectFieldIds.country, der.printableString(country))]),
    ...(organization === undefined
      ? []
      : [field(subjectFieldIds.organization, der.utf8String(organization))]),
    ...(commonName === "" ? [] : [field(subjectFieldIds.commonName, der.utf8String(commonName))]),
  ];
  return der.sequence(...fields);
}

function field(id: string, value: Uint8Array): Buffer {
  return der.setOf(der.sequence(der.objectIdentifier(id), value));
}

function extensionsOf(template: CertificateTemplate): Buffer[] {
  const { names, subject, extendedKeyUsages, nameConstraints, urls } = template;
  const emptySubject = Object.values(subject).every((value) => value === "");
  return [
    extensions.basicConstraints(template.authority),
    extensions.keyUsage(template.keyUsages),
    ...(extendedKeyUsages.length === 0 ? [] : [extensions.extendedKeyUsage(extendedKeyUsages)]),
    ...(names.length === 0 ? [] : [extensions.subjectAlternativeNames(names, emptySubject)]),
    ...(nameConstraints === undefined ? [] : [extensions.nameConstraints(nameConstraints)]),
    ...(urls === undefined ? [] : extensions.publications(urls)),
  ];
}
