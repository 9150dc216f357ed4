import type { Reply } from "../answer/reply.ts";
import { classes, flagBits, responseCodes } from "../wire/code.ts";
import { dataIn, type Message, type MessageRecord } from "../wire/message.ts";
import type { OwnedSet } from "../wire/message-writer.ts";
import { recordTypes } from "../wire/record-type.ts";
import { negativeTtlOf } from "../wire/soa.ts";

/** RFC 2181, section 8. */
const longestTtl = 0x7fff_ffff;

/** What an upstream server says, taken apart so that nothing goes on unseen.
 * @throws WireError when the data of a record are malformed */
export function replyOf(message: Message): Reply {
  return {
    code: message.code,
    authoritative: false,
    answers: setsOf(message, message.answers),
    authorities: setsOf(message, message.authorities),
    glue: [],
    additionals: setsOf(message, message.additionals),
    authenticData: (message.flags & flagBits.authenticData) !== 0,
  };
}

function setsOf(message: Message, records: readonly MessageRecord[]): OwnedSet[] {
  const sets = new Map<string, { name: string; type: number; ttl: number; data: Uint8Array[] }>();
  for (const record of records) {
    if (record.class !== classes.IN) continue;
    const key = `${record.type} ${record.name}`;
    const ttl = record.ttl > longestTtl ? 0 : record.ttl;
    const data = dataIn(message, record, false);
    const set = sets.get(key);
    if (set === undefined) sets.set(key, { name: record.name, type: record.type, ttl, data: [data] });
    else {
      set.data.push(data);
      set.ttl = Math.min(set.ttl, ttl);
    }
  }
  return [...sets.values()];
}

/** How long a reply may be kept, in seconds: as long as its shortest record; without an answer as the SOA record says
 * (RFC 2308, section 5); 0: not at all. */
export function lifetimeOf(reply: Reply): number {
  const { code, answers, authorities, additionals } = reply;
  if (code !== responseCodes.NOERROR && code !== responseCodes.NXDOMAIN) return 0;
  const shortest = (sets: readonly OwnedSet[]): number => Math.min(...sets.map(({ ttl }) => ttl));
  const soa = authorities.find(({ type }) => type === recordTypes.SOA);
  const data = soa?.data[0];
  const isNegative = code === responseCodes.NXDOMAIN || soa !== undefined;
  if (isNegative && (soa === undefined || data === undefined)) return 0;
  if (soa !== undefined && data !== undefined) {
    return Math.min(shortest(answers), negativeTtlOf(soa.ttl, data));
  }
  return answers.length === 0 ? 0 : shortest([...answers, ...authorities, ...additionals]);
}

/** The reply after some time: its records live for so much less. */
export function aged(reply: Reply, seconds: number): Reply {
  const older = (sets: readonly OwnedSet[]): OwnedSet[] =>
    sets.map((set) => ({ ...set, ttl: Math.max(0, set.ttl - seconds) }));
  return withSets(reply, older);
}

/** The reply with all records living for so long. */
export function livingFor(reply: Reply, seconds: number): Reply {
  return withSets(reply, (sets) => sets.map((set) => ({ ...set, ttl: seconds })));
}

function withSets(reply: Reply, change: (sets: readonly OwnedSet[]) => OwnedSet[]): Reply {
  return {
    ...reply,
    answers: change(reply.answers),
    authorities: change(reply.authorities),
    additionals: change(reply.additionals),
  };
}
