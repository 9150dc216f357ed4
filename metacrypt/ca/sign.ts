import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { webcrypto } from "node:crypto";
import type { CertificateTemplate } from "./template.ts";

/** Who signs. `certificatePem` is undefined while a root signs itself. */
export interface Issuer {
  readonly certificatePem: string | undefined;
  readonly privateKey: webcrypto.CryptoKey;
}

const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };

/** Signs exactly what the template says, adds both key identifiers (RFC 5280, 4.2.1.1 and 4.2.1.2), and
 * returns the certificate as PEM. */
export async function sign(template: CertificateTemplate, issuer: Issuer): Promise<string> {
  const publicKey = new PublicKey(Buffer.from(template.publicKey));
  const issuerCertificate =
    issuer.certificatePem === undefined ? undefined : new X509Certificate(issuer.certificatePem);
  const subject = subjectOf(template);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: template.serialNumber,
    subject,
    issuer: issuerCertificate?.subjectName ?? subject,
    notBefore: new Date(template.notBeforeMs),
    notAfter: new Date(template.notAfterMs),
    publicKey,
    signingKey: issuer.privateKey,
    signingAlgorithm,
    extensions: [
      ...extensionsOf(template),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(issuerCertificate?.publicKey ?? publicKey),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

function subjectOf(template: CertificateTemplate): { CN: string[] }[] {
  return template.commonName === "" ? [] : [{ CN: [template.commonName] }];
}

function extensionsOf(template: CertificateTemplate): Extension[] {
  const extensions: Extension[] = [
    new BasicConstraintsExtension(template.authority !== undefined, template.authority?.pathLength, true),
    new KeyUsagesExtension(
      template.keyUsages.reduce((flags, usage) => flags | KeyUsageFlags[usage], 0),
      true,
    ),
  ];
  if (template.extendedKeyUsages.length > 0) {
    const usages = template.extendedKeyUsages.map((usage) => ExtendedKeyUsage[usage]);
    extensions.push(new ExtendedKeyUsageExtension(usages));
  }
  if (template.names.length > 0) {
    const critical = template.commonName === "";
    extensions.push(new SubjectAlternativeNameExtension([...template.names], critical));
  }
  return extensions;
}
