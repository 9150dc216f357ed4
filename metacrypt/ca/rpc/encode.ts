import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import * as wire from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { isRoot, type Authority } from "../authorities/authority.ts";
import type { PendingAuthority } from "../authorities/authority-store.ts";
import { fingerprintOf, subjectText } from "../certificate.ts";
import { statusOf, type CertificateStatus, type IssuedSummary } from "../certificates/search.ts";
import type { Issued, IssuedRecord } from "../issuer.ts";
import type { NameConstraints, NameSpace } from "../name-constraints.ts";
import { nameConstraintsOf } from "../read-name-constraints.ts";
import { pemOf } from "../pem.ts";
import type { Profile } from "../profile.ts";
import { revocationReasons } from "../revocation.ts";
import type { PublishedCrl } from "../status/crl-publisher.ts";

export function encodeAuthority(authority: Authority, defaultId: string | undefined): wire.Authority {
  const { certificate, chain, pathLength } = authority;
  const constraints = nameConstraintsOf(certificate);
  return create(wire.AuthoritySchema, {
    id: authority.id,
    name: authority.name,
    subject: subjectText(certificate.encoded),
    keyType: authority.keyType,
    notBefore: timestampFromMs(certificate.notBeforeMs),
    notAfter: timestampFromMs(certificate.notAfterMs),
    root: isRoot(authority),
    default: authority.id === defaultId,
    disabled: authority.disabled,
    ...(pathLength === undefined ? {} : { pathLength }),
    ...(constraints === undefined ? {} : { nameConstraints: constraintsForm(constraints) }),
    fingerprint: fingerprintOf(certificate.encoded),
    certificatePem: pemOf("CERTIFICATE", certificate.encoded),
    chainPem: [certificate, ...chain].map(({ encoded }) => pemOf("CERTIFICATE", encoded)).join(""),
    serialNumber: certificate.serialNumber,
  });
}

function constraintsForm({
  permitted,
  excluded,
}: NameConstraints): MessageInitShape<typeof wire.NameConstraintsSchema> {
  const text = ({ type, value }: NameSpace): string => (type === "email" ? `@${value}` : value);
  return { permitted: permitted.map(text), excluded: excluded.map(text) };
}

export function encodePending({ id, name, createdMs, request }: PendingAuthority): wire.AuthorityRequest {
  return create(wire.AuthorityRequestSchema, {
    id,
    name,
    created: timestampFromMs(createdMs),
    csrPem: pemOf("CERTIFICATE REQUEST", Buffer.from(request, "base64")),
  });
}

export function encodeIssued(issued: Issued, privateKeyPem = ""): wire.IssuedCertificate {
  const { certificatePem, chainPem, serialNumber, notBeforeMs, notAfterMs } = issued;
  return create(wire.IssuedCertificateSchema, {
    certificatePem,
    chainPem,
    serialNumber,
    notBefore: timestampFromMs(notBeforeMs),
    notAfter: timestampFromMs(notAfterMs),
    privateKeyPem,
  });
}

const statuses: Readonly<Record<CertificateStatus, wire.CertificateStatus>> = {
  valid: wire.CertificateStatus.VALID,
  expired: wire.CertificateStatus.EXPIRED,
  revoked: wire.CertificateStatus.REVOKED,
};

/** @param summary with the certificate where it is not one of many */
export function encodeCertificate(
  summary: IssuedSummary & Partial<Pick<IssuedRecord, "certificatePem" | "chainPem">>,
  nowMs: number,
): wire.Certificate {
  const { revocation, certificatePem = "", chainPem = "" } = summary;
  return create(wire.CertificateSchema, {
    serialNumber: summary.serialNumber,
    names: [...summary.names],
    commonName: summary.commonName,
    profile: summary.profile,
    requester: summary.requester,
    authority: summary.issuer,
    status: statuses[statusOf(summary, nowMs)],
    notBefore: timestampFromMs(summary.notBeforeMs),
    notAfter: timestampFromMs(summary.notAfterMs),
    issued: timestampFromMs(summary.issuedMs),
    fingerprint: summary.fingerprint,
    ...(revocation === undefined
      ? {}
      : {
          revoked: timestampFromMs(revocation.atMs),
          reason: revocationReasons[revocation.reason],
          revokedBy: revocation.by,
        }),
    certificatePem,
    chainPem,
  });
}

export function encodeProfile(profile: Profile, builtIn: boolean): wire.Profile {
  return create(wire.ProfileSchema, {
    name: profile.name,
    keyUsages: [...profile.keyUsages],
    extendedKeyUsages: [...profile.extendedKeyUsages],
    nameTypes: [...profile.nameTypes],
    wildcards: profile.wildcards,
    freeCommonNames: profile.commonName === "any",
    keyTypes: [...profile.keyTypes],
    maximumNames: profile.maximumNames,
    defaultLifetimeSeconds: profile.defaultLifetimeMs / 1_000,
    maximumLifetimeSeconds: profile.maximumLifetimeMs / 1_000,
    builtIn,
  });
}

export function encodeCrl(crl: PublishedCrl): wire.Crl {
  return create(wire.CrlSchema, {
    number: BigInt(crl.number),
    thisUpdate: timestampFromMs(crl.thisUpdateMs),
    nextUpdate: timestampFromMs(crl.nextUpdateMs),
    crlPem: pemOf("X509 CRL", crl.encoded),
  });
}
