import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import * as wire from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import type { Authority } from "../authorities/authority.ts";
import { createIntermediate, signAuthority } from "../authorities/create-intermediate.ts";
import type { CaMount } from "../mount.ts";
import { readSigningRequest } from "../signing-request.ts";
import * as decode from "./decode.ts";
import { encodeAuthority, encodeCrl, encodeIssued, encodePending } from "./encode.ts";

/** Finds the mount of a request. */
export type MountOf = (name: string) => CaMount;

type Methods =
  | "listAuthorities"
  | "getAuthority"
  | "getCrl"
  | "createRoot"
  | "createIntermediate"
  | "importAuthority"
  | "createAuthorityRequest"
  | "listAuthorityRequests"
  | "completeAuthorityRequest"
  | "deleteAuthorityRequest"
  | "signAuthority"
  | "updateAuthority";

/** What concerns authorities themselves. Who may call is in the description. */
export function authorityMethods(mountOf: MountOf): Pick<ServiceImpl<typeof wire.CaService>, Methods> {
  const encoded = (mount: CaMount, authority: Authority): wire.Authority =>
    encodeAuthority(authority, mount.authorities.defaultId);
  return {
    listAuthorities(request) {
      const mount = mountOf(request.mount);
      const authorities = mount.authorities.all().map((each) => encoded(mount, each));
      return create(wire.ListAuthoritiesResponseSchema, { authorities });
    },
    getAuthority(request) {
      const mount = mountOf(request.mount);
      return encoded(mount, mount.authorities.get(request.authority));
    },
    async getCrl(request) {
      const mount = mountOf(request.mount);
      return encodeCrl(await mount.crls.current(mount.authorities.get(request.authority)));
    },
    async createRoot(request, context) {
      const mount = mountOf(request.mount);
      const wish = decode.decodeWish(request.wish);
      return encoded(mount, await mount.desk.createRoot(wish, callerOf(context).name));
    },
    async createIntermediate(request, context) {
      const mount = mountOf(request.mount);
      const wish = decode.decodeWish(request.wish);
      const issuerMount = request.issuerMount === "" ? mount : mountOf(request.issuerMount);
      const issuer = { mount: issuerMount, id: request.issuer };
      return encoded(mount, await createIntermediate({ mount, wish, issuer }, callerOf(context).name));
    },
    importAuthority(request, context) {
      const mount = mountOf(request.mount);
      const certificatePem = decode.checkLength(request.certificatePem);
      const privateKeyPem = decode.checkLength(request.privateKeyPem);
      const by = callerOf(context).name;
      return encoded(mount, mount.desk.import(request.name, certificatePem, privateKeyPem, by));
    },
    ...requestMethods(mountOf),
    async signAuthority(request, context) {
      const mount = mountOf(request.mount);
      const { publicKey, commonName } = readSigningRequest(decode.decodeCsr(request.csrPem), {
        authority: true,
      });
      const wish = request.wish ?? create(wire.AuthorityWishSchema);
      const { subject, ...signed } = decode.decodeSignedWish(wish);
      const named = { ...signed, subject: { ...subject, commonName: commonName || subject.commonName } };
      if (named.subject.commonName === "") throw decode.invalid("sign an authority", "no common name");
      const issuer = { mount, id: request.issuer };
      const by = callerOf(context).name;
      return encodeIssued(await signAuthority({ issuer, wish: named, publicKey }, by));
    },
    updateAuthority(request, context) {
      const mount = mountOf(request.mount);
      const { name, disabled } = request;
      const wish = {
        ...(name === "" ? {} : { name }),
        ...(disabled === undefined ? {} : { disabled }),
        makeDefault: request.default,
      };
      return encoded(mount, mount.desk.change(request.authority, wish, callerOf(context).name));
    },
  };
}

function requestMethods(
  mountOf: MountOf,
): Pick<
  ServiceImpl<typeof wire.CaService>,
  "createAuthorityRequest" | "listAuthorityRequests" | "completeAuthorityRequest" | "deleteAuthorityRequest"
> {
  return {
    async createAuthorityRequest(request, context) {
      const wish = decode.decodeWish(request.wish);
      const { desk } = mountOf(request.mount);
      return encodePending(await desk.requestIntermediate(wish, callerOf(context).name));
    },
    listAuthorityRequests(request) {
      const requests = mountOf(request.mount).authorities.pending().map(encodePending);
      return create(wire.ListAuthorityRequestsResponseSchema, { requests });
    },
    completeAuthorityRequest(request, context) {
      const mount = mountOf(request.mount);
      const chain = decode.checkLength(request.certificatePem);
      const authority = mount.desk.complete(request.id, chain, callerOf(context).name);
      return encodeAuthority(authority, mount.authorities.defaultId);
    },
    deleteAuthorityRequest(request, context) {
      mountOf(request.mount).desk.dropPending(request.id, callerOf(context).name);
      return create(wire.DeleteAuthorityRequestResponseSchema);
    },
  };
}
