import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { isIP } from "node:net";

/** A name that a certificate vouches for (subject alternative name, RFC 5280, section 4.2.1.6). */
export interface SubjectName {
  readonly type: "dns" | "ip";
  readonly value: string;
}

const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const dnsNameLengthMaximum = 253;

/** Reads an IP address or a DNS name, which is lower-cased. Wildcards are refused: every certificate names
 * exactly the hosts it is for.
 * @throws DetailedError `CERTIFICATE_NAME_INVALID` */
export function subjectName(text: string): SubjectName {
  if (isIP(text) !== 0) return { type: "ip", value: text };
  const value = text.toLowerCase();
  const labels = value.split(".");
  // A last label of digits only would be an IPv4 address with a mistake in it.
  const valid =
    value.length <= dnsNameLengthMaximum &&
    labels.every((label) => dnsLabel.test(label)) &&
    !/^[0-9]+$/.test(labels.at(-1) ?? "");
  if (valid) return { type: "dns", value };
  throw new DetailedError({
    code: "CERTIFICATE_NAME_INVALID",
    category: "invalid-argument",
    attempted: "issue a certificate for",
    subject: JSON.stringify(text),
    found: "neither an IP address nor a full DNS name",
    remedy: "use labels of letters, digits and hyphens, without a wildcard",
  });
}

/** The names in order, each once.
 * @throws DetailedError `CERTIFICATE_NAME_INVALID` */
export function subjectNames(texts: readonly string[]): SubjectName[] {
  const byText = new Map(texts.map((text) => subjectName(text)).map((name) => [name.value, name]));
  return [...byText.values()];
}
