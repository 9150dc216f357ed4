import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { isZoneTypeName, typeNameOf } from "../wire/record-type.ts";
import { formatData, parseData } from "./record-data.ts";
import { RecordProblem } from "./record-problem.ts";
import { readEntries } from "./tokens.ts";

/** Refuses data in wire form that have no text which gives the same data again: such a record could be neither listed
 * nor exported.
 * @throws DetailedError RECORD_DATA_INVALID */
export function requireWritten({ name, type, data }: { name: string; type: number; data: Uint8Array }): void {
  const found = problemOf(type, data);
  if (found === undefined) return;
  throw new DetailedError({
    code: "RECORD_DATA_INVALID",
    category: "invalid-argument",
    attempted: "use the data of the record",
    subject: `${name} ${typeNameOf(type)}`,
    found,
    remedy: "correct what sends them",
  });
}

function problemOf(type: number, data: Uint8Array): string | undefined {
  const typeName = typeNameOf(type);
  if (!isZoneTypeName(typeName)) return "a zone holds no records of this type";
  try {
    const [entry] = readEntries(formatData(typeName, data)).entries;
    const again = parseData(typeName, entry?.tokens ?? [], "");
    return Buffer.compare(again, data) === 0 ? undefined : "they are not in canonical form";
  } catch (thrown) {
    if (thrown instanceof RecordProblem || thrown instanceof RangeError) return messageOf(thrown);
    throw thrown;
  }
}
