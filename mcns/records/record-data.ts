import { absoluteText, readName } from "./name.ts";
import { ipv4Bytes, ipv4Text, ipv6Bytes, ipv6Text } from "./address.ts";
import { quoteBytes, unescapeBytes } from "./character-string.ts";
import { DataReader } from "./data-reader.ts";
import { readUnsigned, unsigned } from "./number.ts";
import { RecordProblem } from "./record-problem.ts";
import { serviceParametersToText, serviceParametersToWire } from "./service-parameters.ts";
import { readSeconds } from "./time-to-live.ts";
import type { Token } from "./tokens.ts";
import { type Name, nameToWire } from "../wire/name.ts";
import type { ZoneTypeName } from "../wire/record-type.ts";

/** One word of a record's data. */
interface Field {
  parse(token: Token, origin: Name): Uint8Array;
  format(reader: DataReader): string;
}

/** All words behind the fields. */
interface Rest {
  parse(tokens: readonly Token[]): Uint8Array;
  format(reader: DataReader): string[];
}

interface Format {
  readonly fields: readonly Field[];
  readonly rest?: Rest;
  /** For messages. */
  readonly example: string;
}

/** The data of a record in canonical wire form: no compression, names in lower case (RFC 4034 section 6.2).
 * @param origin what relative names are below
 * @throws RecordProblem, its offset counted as those of the tokens are */
export function parseData(type: ZoneTypeName, tokens: readonly Token[], origin: Name): Uint8Array {
  const { fields, rest, example } = formats[type];
  const missing =
    tokens.length < fields.length || (rest !== undefined && type === "TXT" && tokens.length === 0);
  const surplus = rest === undefined ? tokens[fields.length] : undefined;
  if (missing || surplus !== undefined) {
    throw new RecordProblem(
      surplus === undefined ? "its data are incomplete" : "its data have a word too many",
      {
        hint: `${type} data look like ${example}`,
        offset: (surplus ?? tokens.at(-1))?.offset ?? 0,
      },
    );
  }
  const parts = fields.map((field, index) => at(tokens[index], (token) => field.parse(token, origin)));
  const behind = tokens.slice(fields.length);
  if (rest !== undefined) parts.push(at(behind[0] ?? tokens.at(-1), () => rest.parse(behind)));
  const data = Buffer.concat(parts);
  if (data.length > mostDataBytes) {
    throw new RecordProblem(`its data have ${data.length} bytes; at most ${mostDataBytes} are possible`);
  }
  return data;
}

/** Canonical text of data in wire form, names absolute; what `parseData` makes the same data of.
 * @throws RangeError for data that are none of this type */
export function formatData(type: ZoneTypeName, data: Uint8Array): string {
  const { fields, rest } = formats[type];
  const reader = new DataReader(data);
  const words = fields.map((field) => field.format(reader));
  if (rest !== undefined) words.push(...rest.format(reader));
  if (!reader.isAtEnd) throw new RangeError(`the data of a record of type ${type} are too long`);
  return words.join(" ");
}

/** So that a whole answer fits into a message of 64 KiB. */
const mostDataBytes = 60_000;

function at<T>(token: Token | undefined, parse: (token: Token) => T): T {
  if (token === undefined) return parse({ text: "", quoted: false, offset: 0 });
  try {
    return parse(token);
  } catch (thrown) {
    throw thrown instanceof RecordProblem ? thrown.behind(token.offset) : thrown;
  }
}

const name: Field = {
  parse: ({ text }, origin) => nameToWire(readName(text, origin)),
  format: (reader) => absoluteText(reader.name()),
};

function number(length: 1 | 2 | 4, what: string): Field {
  return {
    parse: ({ text }) => readUnsigned(text, length, what),
    format: (reader) => String(reader.number(length)),
  };
}

const seconds: Field = {
  parse: ({ text }) => unsigned(readSeconds(text), 4),
  format: (reader) => String(reader.number(4)),
};

const ipv4: Field = {
  parse: ({ text }) => ipv4Bytes(text),
  format: (reader) => ipv4Text(reader.take(4)),
};

const ipv6: Field = {
  parse: ({ text }) => ipv6Bytes(text),
  format: (reader) => ipv6Text(reader.take(16)),
};

/** RFC 8659 section 4.1. */
const propertyTag: Field = {
  parse({ text }) {
    if (!/^[a-z0-9]{1,255}$/iu.test(text)) {
      throw new RecordProblem(`${JSON.stringify(text)} is no property`, {
        hint: "such as issue, issuewild or iodef",
      });
    }
    return Buffer.concat([unsigned(text.length, 1), Buffer.from(text, "latin1")]);
  },
  format: (reader) => Buffer.from(reader.counted(1)).toString("latin1"),
};

const propertyValue: Field = {
  parse: ({ text }) => unescapeBytes(text),
  format: (reader) => quoteBytes(reader.rest()),
};

const mostInString = 255;

/** Character strings; one that is too long is taken for several, as readers put them together again. */
const strings: Rest = {
  parse: (tokens) => Buffer.concat(tokens.flatMap(({ text }) => countedStrings(unescapeBytes(text)))),
  format(reader) {
    const words: string[] = [];
    while (!reader.isAtEnd) words.push(quoteBytes(reader.counted(1)));
    return words;
  },
};

function countedStrings(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / mostInString));
  return Array.from({ length: count }, (_, index) => {
    const part = bytes.subarray(index * mostInString, (index + 1) * mostInString);
    return Buffer.concat([unsigned(part.length, 1), part]);
  });
}

const serviceParameters: Rest = {
  parse: (tokens) => serviceParametersToWire(tokens.map(({ text }) => text)),
  format: (reader) => serviceParametersToText(reader.rest()),
};

const serviceBinding: Format = {
  fields: [number(2, "the priority"), name],
  rest: serviceParameters,
  example: '1 . alpn="h2,h3" port=8443',
};

const formats: Readonly<Record<ZoneTypeName, Format>> = {
  A: { fields: [ipv4], example: "192.0.2.7" },
  AAAA: { fields: [ipv6], example: "2001:db8::7" },
  CAA: {
    fields: [number(1, "the flags"), propertyTag, propertyValue],
    example: '0 issue "ca.example.net"',
  },
  CNAME: { fields: [name], example: "www.example.org." },
  HTTPS: serviceBinding,
  MX: { fields: [number(2, "the preference"), name], example: "10 mail.example.org." },
  NS: { fields: [name], example: "ns1.example.org." },
  PTR: { fields: [name], example: "host.example.org." },
  SOA: {
    fields: [name, name, number(4, "the serial number"), seconds, seconds, seconds, seconds],
    example: "ns1.example.org. hostmaster.example.org. 1 3600 600 1209600 60",
  },
  SRV: {
    fields: [number(2, "the priority"), number(2, "the weight"), number(2, "the port"), name],
    example: "0 5 5060 sip.example.org.",
  },
  SVCB: serviceBinding,
  TXT: { fields: [], rest: strings, example: '"v=spf1 -all"' },
};
