import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Name } from "../wire/name.ts";
import { isZoneTypeName, type ZoneTypeName, zoneTypes } from "../wire/record-type.ts";
import { readOwnerName } from "./name.ts";
import { parseData } from "./record-data.ts";
import { RecordProblem } from "./record-problem.ts";
import { readEntries } from "./tokens.ts";

/** Types that people manage as records; the SOA is the zone's. */
export type ManagedType = Exclude<ZoneTypeName, "SOA">;

export const managedTypes: readonly ManagedType[] = zoneTypes.filter((type) => type !== "SOA");

/** The type that a user wrote.
 * @throws DetailedError RECORD_TYPE_UNKNOWN */
export function readType(text: string): ManagedType {
  const type = text.toUpperCase();
  if (isZoneTypeName(type) && type !== "SOA") return type;
  throw new DetailedError({
    code: "RECORD_TYPE_UNKNOWN",
    category: "invalid-argument",
    attempted: "use the record type",
    subject: JSON.stringify(text.slice(0, 40)),
    found: type === "SOA" ? "the SOA record belongs to the zone" : "there is no such type here",
    remedy: type === "SOA" ? "change the fields of the zone" : `use one of ${managedTypes.join(", ")}`,
  });
}

/** The owner name that a user wrote.
 * @throws DetailedError RECORD_NAME_INVALID */
export function readOwner(text: string, zone: Name): Name {
  try {
    return readOwnerName(text, zone);
  } catch (thrown) {
    if (!(thrown instanceof RecordProblem)) throw thrown;
    throw invalid("RECORD_NAME_INVALID", "use the name", text, thrown);
  }
}

/** The data that a user wrote, in wire form. Unlike in a zone file, a semicolon begins no comment and the words of a
 * TXT record must be quoted: both would lose a part of what was meant.
 * @throws DetailedError RECORD_DATA_INVALID */
export function readDataText(type: ManagedType, text: string, zone: Name): Uint8Array {
  try {
    const { entries, problems } = readEntries(text);
    const [problem] = problems;
    if (problem !== undefined) throw problem;
    const [entry] = entries;
    if (entries.length > 1 || text.includes("\n")) throw new RecordProblem("it has more than one line");
    const tokens = entry?.tokens ?? [];
    refuseLostText(type, text, tokens);
    return parseData(type, tokens, zone);
  } catch (thrown) {
    if (!(thrown instanceof RecordProblem)) throw thrown;
    throw invalid("RECORD_DATA_INVALID", `use the data of the ${type} record`, text, thrown);
  }
}

function refuseLostText(
  type: ManagedType,
  text: string,
  tokens: readonly { readonly text: string; readonly quoted: boolean; readonly offset: number }[],
): void {
  const last = tokens.at(-1);
  const end = last === undefined ? 0 : last.offset + last.text.length + (last.quoted ? 2 : 0);
  const comment = text.indexOf(";", end);
  if (comment >= 0) {
    throw new RecordProblem("a semicolon stands outside of quotes", {
      hint: 'put the text in quotes, such as "v=DKIM1; k=rsa"',
      offset: comment,
    });
  }
  const bare = tokens.find(({ quoted }) => !quoted);
  if (type === "TXT" && tokens.length > 1 && bare !== undefined) {
    throw new RecordProblem("the blanks between its words would be lost", {
      hint: 'put the text in quotes, such as "v=spf1 -all"',
      offset: bare.offset,
    });
  }
}

function invalid(code: string, attempted: string, text: string, problem: RecordProblem): DetailedError {
  return new DetailedError({
    code,
    category: "invalid-argument",
    attempted,
    subject: JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text),
    found: problem.message,
    remedy: problem.hint,
    facts: { column: String(problem.offset + 1) },
    cause: problem,
  });
}
