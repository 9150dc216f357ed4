import type { Certificate } from "./certificate.ts";
import { extensionIds } from "./der/object-identifiers.ts";
import { readDer, sequenceParts, partsOf, type DerValue } from "./der/read.ts";
import { ipText } from "./ip-octets.ts";
import type { NameConstraints, NameSpace } from "./name-constraints.ts";

/** The name constraints of an authority's certificate; undefined where it has none. Those on types of names that are
 * never issued here are left out.
 * @throws DetailedError `DER_INVALID` */
export function nameConstraintsOf(certificate: Certificate): NameConstraints | undefined {
  const value = certificate.extensions.get(extensionIds.nameConstraints);
  if (value === undefined) return undefined;
  const parts = sequenceParts(readDer(value));
  const spacesUnder = (tag: number) => {
    const trees = parts.find((part) => part.tag === tag);
    return trees === undefined ? [] : partsOf(trees).flatMap((tree) => spaceOf(sequenceParts(tree)[0]) ?? []);
  };
  return { permitted: spacesUnder(0xa0), excluded: spacesUnder(0xa1) };
}

function spaceOf(base: DerValue | undefined): NameSpace | undefined {
  if (base === undefined) return undefined;
  const text = base.content.toString("latin1").toLowerCase();
  if (base.tag === 0x81) return { type: "email", value: text };
  if (base.tag === 0x82) return { type: "dns", value: text };
  const half = base.content.length / 2;
  if (base.tag !== 0x87 || (half !== 4 && half !== 16)) return undefined;
  return {
    type: "ip",
    value: `${ipText(base.content.subarray(0, half))}/${onesIn(base.content.subarray(half))}`,
  };
}

function onesIn(mask: Buffer): number {
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, "0")).join("");
  return bits.indexOf("0") < 0 ? bits.length : bits.indexOf("0");
}
