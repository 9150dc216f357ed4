import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { isIP } from "node:net";

export const nameTypes = ["dns", "ip", "email", "uri"] as const;

export type NameType = (typeof nameTypes)[number];

/** A name that a certificate vouches for (subject alternative name, RFC 5280, section 4.2.1.6). */
export interface SubjectName {
  readonly type: NameType;
  /** DNS names in lower case; IP addresses in their usual form. */
  readonly value: string;
}

const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
export const dnsNameLengthMaximum = 253;
const uriLengthMaximum = 2_048;
/** Printable ASCII (an IA5String without controls and spaces). */
const printable = /^[\x21-\x7e]+$/;
const mailbox = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/i;
const uriForm = /^[a-z][a-z0-9+.-]*:\/\/[^/]/i;

/** Reads an IP address, a mail address, a URI or a DNS name, which may be a wildcard in its first label.
 * @throws DetailedError `CERTIFICATE_NAME_INVALID` */
export function subjectName(text: string): SubjectName {
  const name = readName(text);
  if (name !== undefined) return name;
  throw new DetailedError({
    code: "CERTIFICATE_NAME_INVALID",
    category: "invalid-argument",
    attempted: "issue a certificate for",
    subject: JSON.stringify(text.slice(0, 300)),
    found: "neither an IP address nor a full DNS name, mail address or URI",
    remedy: "use labels of letters, digits and hyphens; a wildcard stands for the whole first label",
  });
}

/** The names in order, each once.
 * @throws DetailedError `CERTIFICATE_NAME_INVALID` */
export function subjectNames(texts: readonly string[]): SubjectName[] {
  const byText = new Map(texts.map((text) => subjectName(text)).map((name) => [name.value, name]));
  return [...byText.values()];
}

/** Whether it is a full DNS name in lower case, no wildcard. A last label of digits only would be an IPv4 address with
 * a mistake in it. */
export function isDnsName(value: string): boolean {
  const labels = value.split(".");
  return (
    value.length <= dnsNameLengthMaximum &&
    labels.every((label) => dnsLabel.test(label)) &&
    !/^[0-9]+$/.test(labels.at(-1) ?? "")
  );
}

function readName(text: string): SubjectName | undefined {
  if (isIP(text) !== 0) return text.includes("%") ? undefined : { type: "ip", value: usualAddress(text) };
  if (!printable.test(text)) return undefined;
  if (uriForm.test(text)) return uriName(text);
  if (text.includes("@")) return mailName(text);
  const value = text.toLowerCase();
  // A wildcard above a single label would stand for everything below a top level.
  const host = value.startsWith("*.") && value.slice(2).includes(".") ? value.slice(2) : value;
  return isDnsName(host) && value.length <= dnsNameLengthMaximum ? { type: "dns", value } : undefined;
}

function usualAddress(text: string): string {
  return isIP(text) === 4 ? text : new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function uriName(text: string): SubjectName | undefined {
  return text.length <= uriLengthMaximum && URL.canParse(text) ? { type: "uri", value: text } : undefined;
}

function mailName(text: string): SubjectName | undefined {
  const at = text.lastIndexOf("@");
  const host = text.slice(at + 1).toLowerCase();
  if (!mailbox.test(text.slice(0, at)) || !isDnsName(host)) return undefined;
  return { type: "email", value: `${text.slice(0, at)}@${host}` };
}
