import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { isIP } from "node:net";
import { ipOctets } from "./ip-octets.ts";
import { isDnsName, type SubjectName } from "./subject-name.ts";

/** One space of names (RFC 5280, section 4.2.1.10): a DNS domain with all below it, a network like `10.0.0.0/8`, or the
 * host or (with a dot before it) domain of mail addresses. */
export interface NameSpace {
  readonly type: "dns" | "ip" | "email";
  readonly value: string;
}

/** What an authority may issue for. Names of a type that `permitted` does not mention are free. */
export interface NameConstraints {
  readonly permitted: readonly NameSpace[];
  readonly excluded: readonly NameSpace[];
}

/** Reads `example.org`, `10.0.0.0/8`, `fd00::/8`, or `@example.org` for mail.
 * @throws DetailedError `NAME_CONSTRAINT_INVALID` */
export function nameSpace(text: string): NameSpace {
  const lower = text.toLowerCase();
  if (lower.startsWith("@") && isDnsName(lower.slice(1))) return { type: "email", value: lower.slice(1) };
  const [address = "", prefix = ""] = lower.split("/");
  const bits = isIP(address) === 4 ? 32 : 128;
  const network = isIP(address) !== 0 && /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= bits;
  if (network) return { type: "ip", value: `${address}/${Number(prefix)}` };
  if (isDnsName(lower)) return { type: "dns", value: lower };
  throw new DetailedError({
    code: "NAME_CONSTRAINT_INVALID",
    category: "invalid-argument",
    attempted: "bound the names of an authority by",
    subject: JSON.stringify(text.slice(0, 300)),
    found: "neither a DNS domain nor a network nor `@` with a mail domain",
    remedy: "write it like example.org, 10.0.0.0/8 or @example.org",
  });
}

/** Refuses names that clients would refuse because of an authority in the chain.
 * @param constraints of every authority in the chain that has some
 * @throws DetailedError `CERTIFICATE_NAME_OUT_OF_BOUNDS` */
export function checkNameConstraints(
  names: readonly SubjectName[],
  constraints: readonly NameConstraints[],
): void {
  for (const name of names) {
    for (const { permitted, excluded } of constraints) {
      const ofItsType = permitted.filter(({ type }) => type === name.type);
      const inside = ofItsType.length === 0 || ofItsType.some((space) => covers(space, name.value));
      if (inside && !excluded.some((space) => space.type === name.type && covers(space, name.value)))
        continue;
      throw outOfBounds(name, permitted, excluded);
    }
  }
}

function covers({ type, value: space }: NameSpace, value: string): boolean {
  if (type === "ip") return networkHas(space, value);
  if (type === "email") {
    const host = value.slice(value.lastIndexOf("@") + 1);
    return space.startsWith(".") ? host.endsWith(space) : host === space;
  }
  const name = value.replace(/^\*\./, "");
  return space === "" || name === space || name.endsWith(`.${space.replace(/^\./, "")}`);
}

function networkHas(network: string, address: string): boolean {
  const [base = "", prefix = "0"] = network.split("/");
  const [left, right] = [ipOctets(base), ipOctets(address)];
  if (left.length !== right.length) return false;
  const bits = Number(prefix);
  const mask = maskOctets(left.length, bits);
  return left.every((octet, position) => {
    const octetMask = mask[position] ?? 0;
    return (octet & octetMask) === ((right[position] ?? 0) & octetMask);
  });
}

/** The octets of a network mask of so many bits. */
export function maskOctets(length: number, bits: number): Buffer {
  return Buffer.from(
    Array.from({ length }, (_, position) => {
      const ones = Math.min(8, Math.max(0, bits - position * 8));
      return (0xff << (8 - ones)) & 0xff;
    }),
  );
}

function outOfBounds(
  name: SubjectName,
  permitted: readonly NameSpace[],
  excluded: readonly NameSpace[],
): DetailedError {
  const list = (spaces: readonly NameSpace[]) => spaces.map(({ value }) => value).join(", ") || "none";
  return new DetailedError({
    code: "CERTIFICATE_NAME_OUT_OF_BOUNDS",
    category: "failed-precondition",
    attempted: "issue a certificate for",
    subject: name.value,
    found: `an authority in the chain that permits ${list(permitted)} and excludes ${list(excluded)}`,
    remedy: "use another authority, or another name",
  });
}
