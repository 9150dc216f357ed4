import { AcmeProblem } from "./problem.ts";

const contactsMaximum = 10;
const lengthMaximum = 320;
const mailAddress = /^[^\s@,?"<>()[\]\\]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/;

/** Reads the contacts of an account: mail addresses (RFC 8555, section 7.3; RFC 6068 without headers and lists).
 * @throws AcmeProblem malformed, unsupportedContact, invalidContact */
export function readContacts(value: unknown): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === "string")) {
    throw new AcmeProblem("malformed", "contact must be a list of URLs");
  }
  if (value.length > contactsMaximum) {
    throw new AcmeProblem("invalidContact", `at most ${contactsMaximum} contacts are kept`);
  }
  for (const contact of value) {
    if (!/^mailto:/iu.test(contact)) {
      throw new AcmeProblem("unsupportedContact", "contacts must be mailto: URLs");
    }
    const address = contact.slice("mailto:".length);
    if (contact.length > lengthMaximum || !mailAddress.test(address)) {
      throw new AcmeProblem("invalidContact", `${JSON.stringify(contact)} is not one mail address`);
    }
  }
  return value;
}
