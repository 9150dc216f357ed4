import "reflect-metadata";
import { AsnConvert } from "@peculiar/asn1-schema";
import * as asn1 from "@peculiar/asn1-x509";
import { createPublicKey, type KeyObject } from "node:crypto";

/** What a certificate is meant to be. */
export type Kind = "root" | "intermediate" | "leaf";

interface Linted {
  readonly kind: Kind;
  readonly encoded: Buffer;
  readonly tbs: asn1.TBSCertificate;
  readonly certificate: asn1.Certificate;
  readonly key: KeyObject;
  readonly extension: (id: string) => asn1.Extension | undefined;
}

/** A rule, and whether the certificate keeps it. */
type Rule = readonly [rule: string, keeps: (linted: Linted) => boolean];

const dayMs = 24 * 60 * 60 * 1_000;

/** The rules that a certificate breaks: of RFC 5280, RFC 5480, RFC 8410 and of the CA/Browser Forum's baseline
 * requirements, as far as they are about what is in a certificate. It is read by a decoder that has nothing in common
 * with our encoder. */
export function lint(encoded: Buffer, kind: Kind): string[] {
  const certificate = AsnConvert.parse(encoded, asn1.Certificate);
  const tbs = certificate.tbsCertificate;
  const spki = AsnConvert.serialize(tbs.subjectPublicKeyInfo);
  const linted: Linted = {
    kind,
    encoded,
    certificate,
    tbs,
    key: createPublicKey({ key: Buffer.from(spki), type: "spki", format: "der" }),
    extension: (id) => tbs.extensions?.find(({ extnID }) => extnID === id),
  };
  const rules = [...common, ...(kind === "leaf" ? ofLeaves : ofAuthorities)];
  return rules.filter(([, keeps]) => !keeps(linted)).map(([rule]) => rule);
}

const common: readonly Rule[] = [
  ["5280 4.1: is DER, byte for byte", ({ certificate, encoded }) => encoded.equals(der(certificate))],
  ["5280 4.1.2.1: version 3", ({ tbs }) => tbs.version === asn1.Version.v3],
  ["5280 4.1.2.2: positive serial number of at most 20 octets", ({ tbs }) => isSerial(tbs.serialNumber)],
  [
    "BR 7.1: at least 64 bits of entropy in the serial number",
    ({ tbs }) => tbs.serialNumber.byteLength >= 16,
  ],
  [
    "5280 4.1.1.2: both signature algorithms are the same",
    ({ tbs, certificate }) => der(tbs.signature).equals(der(certificate.signatureAlgorithm)),
  ],
  ["BR 7.1.3.2: no SHA-1", ({ tbs }) => allowedSignatures.has(tbs.signature.algorithm)],
  [
    "4055 5, 5758 3.2, 8410 3: NULL parameters with RSA, none with others",
    ({ tbs }) =>
      tbs.signature.algorithm === rsaSha256 ? tbs.signature.parameters === null : !tbs.signature.parameters,
  ],
  ["5280 4.1.2.4: the issuer has a name", ({ tbs }) => tbs.issuer.length > 0],
  ["5280 4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050", ({ tbs }) => areTimes(tbs.validity)],
  ["5280 4.1.2.5: it ends after it begins", ({ tbs }) => lifetimeMs(tbs) > 0],
  ["5280 4.2: no extension twice", ({ tbs }) => new Set(idsOf(tbs)).size === idsOf(tbs).length],
  ["5280 4.1.2.8: no unique identifiers", ({ tbs }) => !tbs.issuerUniqueID && !tbs.subjectUniqueID],
  [
    "5280 4.2.1.9: basic constraints are there and critical",
    (each) => isCritical(each, asn1.id_ce_basicConstraints),
  ],
  ["5280 4.2.1.3: key usage is there and critical", (each) => isCritical(each, asn1.id_ce_keyUsage)],
  [
    "5280 4.2.1.2: subject key identifier, not critical",
    (each) => isPlain(each, asn1.id_ce_subjectKeyIdentifier),
  ],
  [
    "5280 4.2.1.1: authority key identifier, not critical",
    (each) => isPlain(each, asn1.id_ce_authorityKeyIdentifier),
  ],
  ["BR 6.1.5: a key that is strong enough", ({ key }) => isStrong(key)],
  ["5280 4.2.1.3, 8410 5: no usage that the key cannot do", (each) => isUsable(each)],
  ["5280 4.1.2.6: country in PrintableString, others in UTF8String", ({ tbs }) => areTexts(tbs.subject)],
  ["X.520: no common name above 64 characters", ({ tbs }) => commonNameOf(tbs).length <= 64],
];

const ofAuthorities: readonly Rule[] = [
  ["5280 4.2.1.9: says that it is an authority", (each) => basicConstraints(each).cA],
  [
    "5280 4.2.1.3: may sign certificates and lists",
    (each) => usages(each).includes("keyCertSign") && usages(each).includes("crlSign"),
  ],
  ["5280 4.1.2.6: has a subject", ({ tbs }) => tbs.subject.length > 0],
  [
    "5280 3.2: a root issued itself",
    ({ kind, tbs }) => kind !== "root" || der(tbs.subject).equals(der(tbs.issuer)),
  ],
  [
    "BR 7.1.2: a root has no extended usages",
    (each) => each.kind !== "root" || each.extension(asn1.id_ce_extKeyUsage) === undefined,
  ],
  [
    "BR 7.1.2.2: an intermediate says where the issuer publishes",
    (each) => each.kind === "root" || publishes(each),
  ],
  [
    "5280 4.2.1.10: name constraints are critical",
    (each) => each.extension(asn1.id_ce_nameConstraints)?.critical !== false,
  ],
];

const ofLeaves: readonly Rule[] = [
  [
    "5280 4.2.1.9: is no authority, by leaving out the default",
    (each) => !basicConstraints(each).cA && basicConstraints(each).pathLenConstraint === undefined,
  ],
  [
    "5280 4.2.1.3: signs no certificates",
    (each) => !usages(each).includes("keyCertSign") && !usages(each).includes("crlSign"),
  ],
  [
    "BR 7.1.2.7: extended usages, not critical, none of them any",
    (each) =>
      isPlain(each, asn1.id_ce_extKeyUsage) && extendedUsages(each).every((id) => id !== "2.5.29.37.0"),
  ],
  [
    "5280 4.2.1.6: alternative names, critical exactly where there is no subject",
    (each) => each.extension(asn1.id_ce_subjectAltName)?.critical === (each.tbs.subject.length === 0),
  ],
  ["BR 7.1.4.2: each name once", (each) => new Set(namesOf(each)).size === namesOf(each).length],
  [
    "BR 7.1.4.3: the common name of a server is one of the names",
    (each) =>
      !isServer(each) || commonNameOf(each.tbs) === "" || namesOf(each).includes(commonNameOf(each.tbs)),
  ],
  [
    "BR 7.1.4.2: names of hosts are lower case letters, digits, hyphens",
    (each) => alternativeNames(each).every(({ dNSName }) => dNSName === undefined || isHost(dNSName)),
  ],
  ["BR 7.1.2.7.7: says where the issuer publishes", (each) => publishes(each)],
  ["BR 6.3.2: at most 398 days", ({ tbs }) => lifetimeMs(tbs) <= 398 * dayMs + 60_000],
];

const rsaSha256 = "1.2.840.113549.1.1.11";
const allowedSignatures = new Set([rsaSha256, "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.3.101.112"]);

function der(value: object): Buffer {
  return Buffer.from(AsnConvert.serialize(value));
}

function isSerial(serialNumber: ArrayBuffer): boolean {
  const octets = Buffer.from(serialNumber);
  return octets.length <= 20 && ((octets[0] ?? 0x80) & 0x80) === 0 && octets.some((octet) => octet !== 0);
}

function areTimes({ notBefore, notAfter }: asn1.Validity): boolean {
  return [notBefore, notAfter].every(
    (time) => time.getTime().getUTCFullYear() >= 2_050 === (time.utcTime === undefined),
  );
}

function lifetimeMs({ validity }: asn1.TBSCertificate): number {
  return validity.notAfter.getTime().getTime() - validity.notBefore.getTime().getTime();
}

function idsOf({ extensions = new asn1.Extensions() }: asn1.TBSCertificate): string[] {
  return extensions.map(({ extnID }) => extnID);
}

function isCritical({ extension }: Linted, id: string): boolean {
  return extension(id)?.critical === true;
}

function isPlain({ extension }: Linted, id: string): boolean {
  return extension(id)?.critical === false;
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n, namedCurve = "" } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === "rsa")
    return modulusLength >= 2_048 && modulusLength % 8 === 0 && publicExponent >= 65_537n;
  return asymmetricKeyType === "ed25519" || ["prime256v1", "secp384r1"].includes(namedCurve);
}

function isUsable(each: Linted): boolean {
  const onlyRsa = ["keyEncipherment", "dataEncipherment"].some((usage) => usages(each).includes(usage));
  const onlyEc = usages(each).includes("keyAgreement");
  const { asymmetricKeyType } = each.key;
  return (!onlyRsa || asymmetricKeyType === "rsa") && (!onlyEc || asymmetricKeyType === "ec");
}

function areTexts(subject: asn1.Name): boolean {
  return subject.every((set) =>
    set.every(
      ({ type, value }) => (type === "2.5.4.6" ? value.printableString : value.utf8String) !== undefined,
    ),
  );
}

function commonNameOf({ subject }: asn1.TBSCertificate): string {
  const fields = subject.flatMap((set) => [...set]);
  return fields.find(({ type }) => type === "2.5.4.3")?.value.toString() ?? "";
}

function valueOf<T>({ extension }: Linted, id: string, type: new () => T): T | undefined {
  const found = extension(id);
  return found === undefined ? undefined : AsnConvert.parse(found.extnValue.buffer, type);
}

function basicConstraints(each: Linted): asn1.BasicConstraints {
  return valueOf(each, asn1.id_ce_basicConstraints, asn1.BasicConstraints) ?? new asn1.BasicConstraints();
}

function usages(each: Linted): string[] {
  return valueOf(each, asn1.id_ce_keyUsage, asn1.KeyUsage)?.toJSON() ?? [];
}

function extendedUsages(each: Linted): string[] {
  return [...(valueOf(each, asn1.id_ce_extKeyUsage, asn1.ExtendedKeyUsage) ?? [])];
}

function isServer(each: Linted): boolean {
  return extendedUsages(each).includes(asn1.id_kp_serverAuth);
}

function alternativeNames(each: Linted): asn1.GeneralName[] {
  return [...(valueOf(each, asn1.id_ce_subjectAltName, asn1.SubjectAlternativeName) ?? [])];
}

function namesOf(each: Linted): string[] {
  return alternativeNames(each).map(
    ({ dNSName, iPAddress, rfc822Name, uniformResourceIdentifier }) =>
      dNSName ?? iPAddress ?? rfc822Name ?? uniformResourceIdentifier ?? "",
  );
}

function isHost(name: string): boolean {
  const labels = name.replace(/^\*\./, "").split(".");
  return name.length <= 253 && labels.every((label) => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label));
}

/** Both where to ask about its status and where the issuer's certificate is; and a list (BR 7.1.2.11). */
function publishes(each: Linted): boolean {
  const access = valueOf(each, asn1.id_pe_authorityInfoAccess, asn1.AuthorityInfoAccessSyntax) ?? [];
  const points = valueOf(each, asn1.id_ce_cRLDistributionPoints, asn1.CRLDistributionPoints) ?? [];
  const urls = [
    ...[...access].map(({ accessLocation }) => accessLocation.uniformResourceIdentifier),
    ...[...points]
      .flatMap(({ distributionPoint }) => distributionPoint?.fullName ?? [])
      .map((name) => name.uniformResourceIdentifier),
  ];
  const plain =
    isPlain(each, asn1.id_pe_authorityInfoAccess) && isPlain(each, asn1.id_ce_cRLDistributionPoints);
  return plain && urls.length === 3 && urls.every((url) => url?.startsWith("http://") === true);
}

/** For the serial numbers of many certificates: that they are random in every bit. */
export function isRandom(serialNumbers: readonly string[]): boolean {
  const bits = serialNumbers.map((serialNumber) => BigInt(`0x${serialNumber}`));
  return Array.from({ length: 120 }, (_, bit) => {
    const ones = bits.filter((number) => ((number >> BigInt(bit)) & 1n) === 1n).length;
    return ones > bits.length * 0.2 && ones < bits.length * 0.8;
  }).every(Boolean);
}
