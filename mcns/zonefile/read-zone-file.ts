import { DataReader } from "../records/data-reader.ts";
import { readName } from "../records/name.ts";
import { parseData } from "../records/record-data.ts";
import { RecordProblem } from "../records/record-problem.ts";
import { looksLikeSeconds, readSeconds } from "../records/time-to-live.ts";
import { type Entry, readEntries, type Token } from "../records/tokens.ts";
import { isWithin, type Name } from "../wire/name.ts";
import { isZoneTypeName, recordTypes, type ZoneTypeName, zoneTypes } from "../wire/record-type.ts";
import { contradictions, type PlacedRecord } from "./contradictions.ts";
import type { FileAuthority, FileProblem, ZoneFile } from "./zone-file.ts";

const mostProblems = 100;

/** What is carried from line to line. */
interface Context {
  readonly zone: Name;
  origin: Name;
  owner: Name | undefined;
  /** Of the last $TTL. */
  stated: number | undefined;
  /** Of the first $TTL: the default of the zone. */
  defaultTtl: number | undefined;
  /** Of the last record that said one. */
  lastTtl: number | undefined;
  authority: FileAuthority | undefined;
  readonly records: PlacedRecord[];
}

/** Reads a zone file (RFC 1035 section 5.1, RFC 2308 section 4). All that is wrong is reported, by lines; the first
 * 100 of it. $INCLUDE and $GENERATE are not followed. */
export function readZoneFile(text: string, zone: Name): { file: ZoneFile; problems: FileProblem[] } {
  const context: Context = {
    zone,
    origin: zone,
    owner: undefined,
    stated: undefined,
    defaultTtl: undefined,
    lastTtl: undefined,
    authority: undefined,
    records: [],
  };
  const { entries, problems } = readEntries(text);
  for (const entry of entries) {
    try {
      readEntry(entry, context);
    } catch (thrown) {
      if (!(thrown instanceof RecordProblem)) throw thrown;
      problems.push(thrown);
    }
  }
  if (problems.length === 0) problems.push(...contradictions(context.records, zone));
  const { authority, defaultTtl } = context;
  const records = context.records.map(({ name, type, ttl, data }) => ({ name, type, ttl, data }));
  return { file: { authority, defaultTtl, records }, problems: placed(text, problems) };
}

function readEntry(entry: Entry, context: Context): void {
  const [first] = entry.tokens;
  if (first === undefined) return;
  if (!entry.startsBlank && !first.quoted && first.text.startsWith("$"))
    readDirective(first, entry.tokens, context);
  else readRecord(entry, context);
}

function readDirective(directive: Token, tokens: readonly Token[], context: Context): void {
  const [, value] = tokens;
  const name = directive.text.toUpperCase();
  const { offset } = directive;
  if (name === "$INCLUDE" || name === "$GENERATE") {
    const hint = name === "$INCLUDE" ? "put the other file's lines here" : "write the records out";
    throw new RecordProblem(`${name} is not followed`, { hint, offset });
  }
  if (name !== "$ORIGIN" && name !== "$TTL") {
    throw new RecordProblem(`there is no directive ${directive.text}`, {
      hint: "$ORIGIN and $TTL are known",
      offset,
    });
  }
  if (value === undefined || tokens.length > 2) {
    throw new RecordProblem(`${name} takes one value`, { offset });
  }
  if (name === "$ORIGIN") context.origin = within(value, () => readName(value.text, context.origin));
  else {
    context.stated = within(value, () => readSeconds(value.text));
    context.defaultTtl ??= context.stated;
  }
}

function readRecord({ tokens, startsBlank }: Entry, context: Context): void {
  const rest = [...tokens];
  const [first] = rest;
  if (!startsBlank && first !== undefined) {
    rest.shift();
    // Also of a line that turns out to be wrong: the lines below it are about the same name.
    context.owner = within(first, () => readName(first.text, context.origin));
  }
  const { ttl, type } = readHead(rest, tokens);
  const name = context.owner;
  const at = tokens[0]?.offset ?? 0;
  if (name === undefined) throw new RecordProblem("the first record has no name", { offset: at });
  if (!isWithin(name, context.zone)) {
    throw new RecordProblem(`${name} is not in the zone ${context.zone}`, {
      hint: "names without a final dot are below $ORIGIN",
      offset: at,
    });
  }
  const data = dataOf(type, rest, { context, at });
  if (ttl !== undefined) context.lastTtl = ttl;
  if (type === "SOA") readAuthority(name, data, context, at);
  else context.records.push({ name, type: recordTypes[type], ttl: ttlOf(ttl, context), data, offset: at });
}

function dataOf(
  type: ZoneTypeName,
  rest: readonly Token[],
  place: { context: Context; at: number },
): Uint8Array {
  try {
    return parseData(type, rest, place.context.origin);
  } catch (thrown) {
    if (thrown instanceof RecordProblem && rest.length === 0) throw thrown.behind(place.at);
    throw thrown;
  }
}

/** Takes TTL, class and type off the front, the first two in any order. */
function readHead(rest: Token[], all: readonly Token[]): { ttl: number | undefined; type: ZoneTypeName } {
  let ttl: number | undefined;
  let hasClass = false;
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    const word = token.text.toUpperCase();
    const { offset } = token;
    if (!hasClass && word === "IN") hasClass = true;
    else if (["CH", "HS", "CS"].includes(word)) {
      throw new RecordProblem(`the class ${word} is not served`, { hint: "use IN", offset });
    } else if (ttl === undefined && looksLikeSeconds(word)) ttl = within(token, () => readSeconds(word));
    else if (isZoneTypeName(word)) return { ttl, type: word };
    else {
      const hint = `known are ${zoneTypes.join(", ")}`;
      throw new RecordProblem(`${JSON.stringify(token.text.slice(0, 40))} is no record type here`, {
        hint,
        offset,
      });
    }
  }
  const offset = all.at(-1)?.offset ?? 0;
  throw new RecordProblem("the record has no type", { hint: "such as: www 300 IN A 192.0.2.7", offset });
}

/** Its own, that of $TTL, or that of the record before (RFC 2308 section 4, RFC 1035 section 5.1). */
function ttlOf(own: number | undefined, { stated, defaultTtl, lastTtl }: Context): number | null {
  if (own !== undefined) return own;
  if (stated !== undefined) return stated === defaultTtl ? null : stated;
  return lastTtl ?? null;
}

function readAuthority(name: Name, data: Uint8Array, context: Context, offset: number): void {
  if (name !== context.zone) throw new RecordProblem("an SOA record belongs to the zone itself", { offset });
  if (context.authority !== undefined) throw new RecordProblem("there is a second SOA record", { offset });
  const reader = new DataReader(data);
  const [primary, contact] = [reader.name(), reader.name()];
  const numbers = Array.from({ length: 5 }, () => reader.number(4));
  const [serial = 0, refresh = 0, retry = 0, expire = 0, negativeTtl = 0] = numbers;
  context.authority = { primary, contact, serial, refresh, retry, expire, negativeTtl };
}

function within<T>(token: Token, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw thrown instanceof RecordProblem ? thrown.behind(token.offset) : thrown;
  }
}

function placed(text: string, problems: readonly RecordProblem[]): FileProblem[] {
  const sorted = problems.toSorted((a, b) => a.offset - b.offset).slice(0, mostProblems);
  let line = 1;
  let lineStart = 0;
  return sorted.map(({ message, hint, offset }) => {
    for (
      let end = text.indexOf("\n", lineStart);
      end >= 0 && end < offset;
      end = text.indexOf("\n", lineStart)
    ) {
      line += 1;
      lineStart = end + 1;
    }
    return { line, column: offset - lineStart + 1, message, hint };
  });
}
