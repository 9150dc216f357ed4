import { type Certificate, CertificateStatus } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { reasonNames, revocationReasons } from "../ca/revocation.ts";
import { timeText } from "./ca-options.ts";

const statuses: Readonly<Partial<Record<CertificateStatus, string>>> = {
  [CertificateStatus.VALID]: "valid",
  [CertificateStatus.EXPIRED]: "expired",
  [CertificateStatus.REVOKED]: "revoked",
};

export function statusText(status: CertificateStatus): string {
  return statuses[status] ?? "unknown";
}

/** A certificate as JSON has it. */
export function plainCertificate(certificate: Certificate): Record<string, unknown> {
  const { serialNumber, names, commonName, profile, requester, authority, fingerprint } = certificate;
  const revoked = certificate.status === CertificateStatus.REVOKED;
  return {
    serial_number: serialNumber,
    status: statusText(certificate.status),
    names,
    common_name: commonName,
    profile,
    requester,
    authority,
    not_before: timeText(certificate.notBefore),
    not_after: timeText(certificate.notAfter),
    issued: timeText(certificate.issued),
    fingerprint,
    ...(revoked
      ? {
          revoked: timeText(certificate.revoked),
          reason:
            reasonNames.find((name) => revocationReasons[name] === Number(certificate.reason)) ??
            "unspecified",
          revoked_by: certificate.revokedBy,
        }
      : {}),
  };
}
