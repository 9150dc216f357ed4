import * as der from "./der/write.ts";
import { accessMethodIds, extendedKeyUsageIds, extensionIds } from "./der/object-identifiers.ts";
import { ipOctets } from "./ip-octets.ts";
import { maskOctets, type NameConstraints, type NameSpace } from "./name-constraints.ts";
import { keyUsageBits, type KeyUsage } from "./profile.ts";
import type { PublicationUrls } from "./status/publication-urls.ts";
import type { NameType, SubjectName } from "./subject-name.ts";

/** An extension; `critical` is left out where it is false, as DER wants defaults. */
export function extension(id: string, value: Uint8Array, critical = false): Buffer {
  const flag = critical ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(id), ...flag, der.octetString(value));
}

export function basicConstraints(authority: { readonly pathLength: number | undefined } | undefined): Buffer {
  const parts = authority === undefined ? [] : [der.boolean(true)];
  if (authority?.pathLength !== undefined) parts.push(der.integer(authority.pathLength));
  return extension(extensionIds.basicConstraints, der.sequence(...parts), true);
}

export function keyUsage(usages: readonly KeyUsage[]): Buffer {
  const bits = usages.map((usage) => keyUsageBits[usage]);
  return extension(extensionIds.keyUsage, der.namedBits(bits), true);
}

/** @param usages names, or object identifiers in dotted form */
export function extendedKeyUsage(usages: readonly string[]): Buffer {
  const known: Readonly<Record<string, string>> = extendedKeyUsageIds;
  const ids = usages.map((usage) => der.objectIdentifier(known[usage] ?? usage));
  return extension(extensionIds.extendedKeyUsage, der.sequence(...ids));
}

export function subjectAlternativeNames(names: readonly SubjectName[], critical: boolean): Buffer {
  const encoded = names.map((name) => generalName(name));
  return extension(extensionIds.subjectAlternativeName, der.sequence(...encoded), critical);
}

const generalNameTags: Readonly<Record<NameType, number>> = { email: 1, dns: 2, uri: 6, ip: 7 };

function generalName({ type, value }: SubjectName): Buffer {
  const content = type === "ip" ? ipOctets(value) : Buffer.from(value, "latin1");
  return der.contextPrimitive(generalNameTags[type], content);
}

export function subjectKeyIdentifier(identifier: Uint8Array): Buffer {
  return extension(extensionIds.subjectKeyIdentifier, der.octetString(identifier));
}

export function authorityKeyIdentifier(identifier: Uint8Array): Buffer {
  return extension(extensionIds.authorityKeyIdentifier, der.sequence(der.contextPrimitive(0, identifier)));
}

/** Where the issuer publishes: authority information access and CRL distribution point. */
export function publications({ issuer, ocsp, crl }: PublicationUrls): Buffer[] {
  const access = (method: string, url: string) =>
    der.sequence(der.objectIdentifier(method), generalName({ type: "uri", value: url }));
  const point = der.sequence(der.context(0, der.context(0, generalName({ type: "uri", value: crl }))));
  return [
    extension(
      extensionIds.authorityInformationAccess,
      der.sequence(access(accessMethodIds.ocsp, ocsp), access(accessMethodIds.caIssuers, issuer)),
    ),
    extension(extensionIds.crlDistributionPoints, der.sequence(point)),
  ];
}

export function nameConstraints({ permitted, excluded }: NameConstraints): Buffer {
  const trees = (number: number, spaces: readonly NameSpace[]) =>
    spaces.length === 0
      ? []
      : [der.context(number, ...spaces.map((space) => der.sequence(subtreeBase(space))))];
  const value = der.sequence(...trees(0, permitted), ...trees(1, excluded));
  return extension(extensionIds.nameConstraints, value, true);
}

function subtreeBase({ type, value }: NameSpace): Buffer {
  if (type !== "ip") return generalName({ type, value });
  const [address = "", bits = "0"] = value.split("/");
  const octets = ipOctets(address);
  const mask = maskOctets(octets.length, Number(bits));
  const network = Buffer.from(octets.map((octet, position) => octet & (mask[position] ?? 0)));
  return der.contextPrimitive(generalNameTags.ip, Buffer.concat([network, mask]));
}
