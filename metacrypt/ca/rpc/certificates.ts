import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Identity } from "@metacircular/mcdsl/auth/identity.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import * as wire from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import type { PolicyCheck } from "../../policy/policy-check.ts";
import { readCertificate } from "../certificate.ts";
import { generateKeyPairOf } from "../key-pair.ts";
import type { CaMount } from "../mount.ts";
import { pemBlock } from "../pem.ts";
import { readSigningRequest } from "../signing-request.ts";
import { subjectNames } from "../subject-name.ts";
import type { MountOf } from "./authorities.ts";
import * as decode from "./decode.ts";
import { encodeCertificate, encodeIssued } from "./encode.ts";

export interface CertificateMethodsParts {
  readonly mountOf: MountOf;
  readonly policy: PolicyCheck;
  readonly clock: Clock;
}

type Methods = "issue" | "signCsr" | "renew" | "revoke" | "getCertificate" | "listCertificates";

/** What concerns certificates. The policy is asked with the names in their usual form, before anything is signed. */
export function certificateMethods(
  parts: CertificateMethodsParts,
): Pick<ServiceImpl<typeof wire.CaService>, Methods> {
  const { mountOf, policy, clock } = parts;
  const allow = (identity: Identity, mount: CaMount, operation: string, names?: readonly string[]): void => {
    policy.check({ identity, mount: mount.name, operation, ...(names === undefined ? {} : { names }) });
  };
  return {
    async issue(request, context) {
      const caller = callerOf(context);
      const mount = mountOf(request.mount);
      allow(caller, mount, "ca/issue", judgedNames(request.names, request.commonName));
      const made =
        request.publicKeyPem === ""
          ? await generateKeyPairOf(decode.decodeKeyType(request.keyType))
          : undefined;
      const issued = await mount.issue({
        profile: request.profile === "" ? "server" : request.profile,
        names: request.names,
        publicKey: made?.publicKey ?? decode.decodePublicKey(request.publicKeyPem),
        requester: caller.name,
        ...decode.decodeTimes(request),
        ...(request.commonName === "" ? {} : { commonName: request.commonName }),
        ...(request.authority === "" ? {} : { issuer: request.authority }),
      });
      return encodeIssued(issued, made?.privateKeyPem);
    },
    async signCsr(request, context) {
      const caller = callerOf(context);
      const mount = mountOf(request.mount);
      const wanted = wantedOf(mount, request);
      allow(caller, mount, "ca/issue", judgedNames(wanted.names, wanted.commonName));
      const issued = await mount.issue({
        ...wanted,
        requester: caller.name,
        ...decode.decodeTimes(request),
        ...(request.authority === "" ? {} : { issuer: request.authority }),
      });
      return encodeIssued(issued);
    },
    async renew(request, context) {
      const caller = callerOf(context);
      const mount = mountOf(request.mount);
      const before = mount.get(request.serialNumber);
      allow(caller, mount, "ca/issue", judgedNames(before.names, before.commonName));
      const { publicKey } =
        request.csrPem === ""
          ? readCertificate(pemBlock(before.certificatePem, "renew the certificate", "CERTIFICATE"))
          : readSigningRequest(decode.decodeCsr(request.csrPem));
      return encodeIssued(await mount.renew(before, publicKey, caller.name, request.lifetimeSeconds * 1_000));
    },
    async revoke(request, context) {
      const caller = callerOf(context);
      const mount = mountOf(request.mount);
      const { serialNumber, requester, names, commonName } = mount.get(request.serialNumber);
      if (requester !== caller.name) allow(caller, mount, "ca/revoke", judgedNames(names, commonName));
      await mount.revoke(serialNumber, decode.decodeReason(request.reason), caller.name);
      return encodeCertificate(mount.get(serialNumber), clock.now());
    },
    getCertificate(request, context) {
      const mount = mountOf(request.mount);
      const caller = callerOf(context);
      const found = mount.find(request.serialNumber);
      if (found?.requester !== caller.name) allow(caller, mount, "ca/read");
      return encodeCertificate(found ?? mount.get(request.serialNumber), clock.now());
    },
    listCertificates(request, context) {
      const mount = mountOf(request.mount);
      allow(callerOf(context), mount, "ca/list");
      const authorityId = request.authority === "" ? undefined : mount.authorities.get(request.authority).id;
      const filter = decode.decodeFilter(request, authorityId);
      const { found, next = "" } = mount.search(filter, decode.decodePage(request));
      const certificates = found.map((each) => encodeCertificate(each, clock.now()));
      return create(wire.ListCertificatesResponseSchema, { certificates, nextPageToken: next });
    },
  };
}

/** What a signing request asks for, within what the profile allows: a common name that is free stays one, any other is
 * a name like those beside it. */
function wantedOf(
  mount: CaMount,
  request: wire.SignCsrRequest,
): { profile: string; publicKey: Uint8Array; names: readonly string[]; commonName?: string } {
  const { publicKey, commonName, names } = readSigningRequest(decode.decodeCsr(request.csrPem));
  const profile = mount.profiles.get(request.profile === "" ? "server" : request.profile);
  const wanted = { profile: profile.name, publicKey };
  if (request.names.length > 0) return { ...wanted, names: request.names };
  if (commonName === "") return { ...wanted, names };
  if (profile.commonName === "any") return { ...wanted, names, commonName };
  return { ...wanted, names: names.includes(commonName) ? names : [commonName, ...names] };
}

/** What the policy judges: the names in their usual form, and a common name that is none of them. */
function judgedNames(texts: readonly string[], commonName = ""): string[] {
  const names = subjectNames(texts).map(({ value }) => value);
  return commonName === "" || names.includes(commonName.toLowerCase()) ? names : [...names, commonName];
}
