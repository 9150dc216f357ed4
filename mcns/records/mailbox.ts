import { labelsOf, type Name, nameToWire, parentOf } from "../wire/name.ts";
import { readName } from "./name.ts";
import { RecordProblem } from "./record-problem.ts";

/** A mailbox as the SOA record has it: "first.last@example.org" is the name first\.last.example.org (RFC 1035 section
 * 8). A name without "@" is taken as it is.
 * @throws RecordProblem */
export function mailboxName(text: string): Name {
  const at = text.lastIndexOf("@");
  if (at < 0) return readName(text, "");
  const local = text.slice(0, at);
  if (local === "" || text.length === at + 1) {
    throw new RecordProblem("it is no mailbox", { hint: 'such as "hostmaster@example.org"', offset: at });
  }
  return readName(`${local.replaceAll(/[^0-9A-Za-z_-]/gu, String.raw`\$&`)}.${text.slice(at + 1)}`, "");
}

/** The mailbox as people write it. */
export function mailboxText(name: Name): string {
  const domain = parentOf(name) ?? "";
  if (domain === "") return name;
  const [first = ""] = labelsOf(name);
  const [length = 0, ...bytes] = nameToWire(first);
  return `${Buffer.from(bytes.slice(0, length)).toString("latin1")}@${domain}`;
}
