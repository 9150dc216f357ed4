import type { Name } from "../wire/name.ts";
import type { OwnedSet } from "../wire/message-writer.ts";

/** What is to be said to a question, before it is put into a message. */
export interface Reply {
  /** See `responseCodes`. */
  readonly code: number;
  readonly authoritative: boolean;
  readonly answers: readonly OwnedSet[];
  readonly authorities: readonly OwnedSet[];
  /** Addresses without which a referral is of no use: if they do not fit, the message counts as truncated (RFC 9471). */
  readonly glue: readonly OwnedSet[];
  /** Left out when they do not fit. */
  readonly additionals: readonly OwnedSet[];
  /** Where the answer goes on outside the own zones: the target of an alias, or a name behind a delegation. */
  readonly unresolved?: Name;
  /** The data were validated by the upstream server, and the client may be told so. */
  readonly authenticData?: boolean;
}

/** A reply that has only a code. */
export function bareReply(code: number): Reply {
  return { code, authoritative: false, answers: [], authorities: [], glue: [], additionals: [] };
}
