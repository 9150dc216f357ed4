import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import * as wire from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import type { AuthorityWish } from "../authorities/authority-creation.ts";
import type { CertificateFilter, CertificateStatus } from "../certificates/search.ts";
import { keyTypes, type KeyType } from "../key-type.ts";
import { nameSpace, type NameConstraints } from "../name-constraints.ts";
import { pemBlock } from "../pem.ts";
import { revocationReason, type RevocationReason } from "../revocation.ts";
import type { SubjectFields } from "../template.ts";

const dayMs = 24 * 60 * 60 * 1_000;
const textLengthMaximum = 64 * 1_024;
const listDefault = 100;
const listMaximum = 1_000;

/** @throws DetailedError `REQUEST_INVALID`, `NAME_CONSTRAINT_INVALID` */
export function decodeWish(wish: wire.AuthorityWish | undefined): AuthorityWish {
  if (wish === undefined || wish.commonName === "") throw invalid("make an authority", "no common name");
  return { ...decodeSignedWish(wish), name: wish.name, keyType: decodeKeyType(wish.keyType) };
}

/** What of a wish matters to whoever signs: also where the key is elsewhere. */
export function decodeSignedWish(
  wish: wire.AuthorityWish,
): Pick<AuthorityWish, "subject" | "lifetimeMs" | "pathLength" | "nameConstraints"> {
  const { lifetimeDays, pathLength, nameConstraints } = wish;
  return {
    subject: decodeSubject(wish),
    ...(lifetimeDays === 0 ? {} : { lifetimeMs: lifetimeDays * dayMs }),
    ...(pathLength === undefined ? {} : { pathLength }),
    ...(nameConstraints === undefined ? {} : { nameConstraints: decodeConstraints(nameConstraints) }),
  };
}

function decodeSubject({ commonName, organization, country }: wire.AuthorityWish): SubjectFields {
  return {
    commonName,
    ...(organization === "" ? {} : { organization }),
    ...(country === "" ? {} : { country }),
  };
}

function decodeConstraints({ permitted, excluded }: wire.NameConstraints): NameConstraints {
  return { permitted: permitted.map(nameSpace), excluded: excluded.map(nameSpace) };
}

/** Empty: ECDSA P-256. */
export function decodeKeyType(text: string): KeyType {
  if (text === "") return "ecdsa-p256";
  const keyType = keyTypes.find((each) => each === text);
  if (keyType !== undefined) return keyType;
  throw invalid(
    "make a key",
    `${JSON.stringify(text.slice(0, 50))}, which is none of ${keyTypes.join(", ")}`,
  );
}

/** A request for a signature, DER. */
export function decodeCsr(pem: string): Buffer {
  checkLength(pem);
  return pemBlock(pem, "read the signing request", "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
}

/** SubjectPublicKeyInfo, DER. */
export function decodePublicKey(pem: string): Buffer {
  checkLength(pem);
  return pemBlock(pem, "read the public key", "PUBLIC KEY");
}

/** Text that is read as a whole is not endless. */
export function checkLength(text: string): string {
  if (text.length <= textLengthMaximum) return text;
  throw invalid("read what was sent", `a text of ${text.length} characters`);
}

export function decodeTimes(request: {
  readonly lifetimeSeconds: number;
  readonly notBefore?: Timestamp | undefined;
  readonly notAfter?: Timestamp | undefined;
}): { lifetimeMs?: number; notBeforeMs?: number; notAfterMs?: number } {
  const { lifetimeSeconds, notBefore, notAfter } = request;
  if (lifetimeSeconds !== 0 && notAfter !== undefined) {
    throw invalid("issue a certificate", "both a lifetime and an end");
  }
  return {
    ...(lifetimeSeconds === 0 ? {} : { lifetimeMs: lifetimeSeconds * 1_000 }),
    ...(notBefore === undefined ? {} : { notBeforeMs: timestampMs(notBefore) }),
    ...(notAfter === undefined ? {} : { notAfterMs: timestampMs(notAfter) }),
  };
}

export function decodeReason(reason: wire.RevocationReason): RevocationReason {
  const known = revocationReason(reason);
  if (known !== undefined) return known;
  throw invalid(
    "revoke a certificate",
    `the reason ${reason}, which RFC 5280 does not have, or not for revocations`,
  );
}

const statuses: Readonly<Record<wire.CertificateStatus, CertificateStatus | undefined>> = {
  [wire.CertificateStatus.UNSPECIFIED]: undefined,
  [wire.CertificateStatus.VALID]: "valid",
  [wire.CertificateStatus.EXPIRED]: "expired",
  [wire.CertificateStatus.REVOKED]: "revoked",
};

/** @param authorityId of the authority that the request names, if any */
export function decodeFilter(
  request: wire.ListCertificatesRequest,
  authorityId: string | undefined,
): CertificateFilter {
  const { expiresBefore, expiresAfter } = request;
  const status = statuses[request.status];
  const texts = {
    name: request.name,
    serialNumber: request.serialNumber,
    fingerprint: request.fingerprint,
    requester: request.requester,
    profile: request.profile,
  };
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== "")),
    ...(authorityId === undefined ? {} : { issuer: authorityId }),
    ...(status === undefined ? {} : { status }),
    ...(expiresBefore === undefined ? {} : { expiresBeforeMs: timestampMs(expiresBefore) }),
    ...(expiresAfter === undefined ? {} : { expiresAfterMs: timestampMs(expiresAfter) }),
  };
}

export function decodePage({ limit, pageToken }: { readonly limit: number; readonly pageToken: string }): {
  limit: number;
  after?: string;
} {
  if (limit > listMaximum) throw invalid("list certificates", `a limit of ${limit}, above ${listMaximum}`);
  if (pageToken !== "" && !/^[0-9]{1,15}\.[0-9a-f]{1,40}$/.test(pageToken)) {
    throw invalid("list certificates", "a page token that no answer had");
  }
  return { limit: limit === 0 ? listDefault : limit, ...(pageToken === "" ? {} : { after: pageToken }) };
}

/** In the form that is checked and stored. */
export function decodeProfile(profile: wire.Profile | undefined): unknown {
  if (profile === undefined) throw invalid("store a profile", "none");
  return {
    name: profile.name,
    keyUsages: profile.keyUsages,
    extendedKeyUsages: profile.extendedKeyUsages,
    nameTypes: profile.nameTypes,
    wildcards: profile.wildcards,
    commonName: profile.freeCommonNames ? "any" : "names",
    keyTypes: profile.keyTypes.length === 0 ? keyTypes : profile.keyTypes,
    maximumNames: profile.maximumNames === 0 ? 100 : profile.maximumNames,
    defaultLifetimeMs: profile.defaultLifetimeSeconds * 1_000,
    maximumLifetimeMs: profile.maximumLifetimeSeconds * 1_000,
  };
}

export function invalid(attempted: string, found: string): DetailedError {
  return new DetailedError({ code: "REQUEST_INVALID", category: "invalid-argument", attempted, found });
}
