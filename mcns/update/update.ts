import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Signature } from "../transfer/tsig.ts";
import { classes, responseCodes } from "../wire/code.ts";
import type { Message } from "../wire/message.ts";
import { recordTypes } from "../wire/record-type.ts";
import { WireError } from "../wire/wire-reader.ts";
import type { ZoneSource } from "../zone/store-view.ts";
import { planChanges } from "./plan-changes.ts";
import { checkPrerequisites } from "./prerequisites.ts";
import { UpdateError } from "./update-error.ts";

/** What became of an update. */
export interface UpdateOutcome {
  /** See `responseCodes`. */
  readonly code: number;
  /** Of the zone afterwards. */
  readonly serial?: number;
  /** Why not; for the log. */
  readonly reason?: string;
}

/** Makes a dynamic update (RFC 2136) that is signed with a key of the zone: prerequisites and changes in one
 * transaction, all or nothing.
 * @param signature of the message, checked before */
export function applyUpdate(
  source: ZoneSource,
  message: Message,
  signature: Signature | undefined,
): UpdateOutcome {
  try {
    const [section] = message.questions;
    if (section?.type !== recordTypes.SOA || section.class !== classes.IN) {
      throw new UpdateError(responseCodes.FORMERR, "the zone section names no zone");
    }
    const zone = source.current().get(section.name);
    if (zone === undefined) throw new UpdateError(responseCodes.NOTAUTH, "the zone is not served here");
    if (signature === undefined) throw new UpdateError(responseCodes.REFUSED, "it is not signed");
    const key = signature.key.name;
    if (!zone.policy.updateKeys.includes(key)) {
      throw new UpdateError(responseCodes.REFUSED, "the key may not update the zone");
    }
    const serial = source.update(
      zone.name,
      (now) => {
        checkPrerequisites(now, message);
        return planChanges(now, message);
      },
      key,
    );
    return { code: responseCodes.NOERROR, serial };
  } catch (thrown) {
    return outcomeOf(thrown);
  }
}

function outcomeOf(thrown: unknown): UpdateOutcome {
  if (thrown instanceof UpdateError) return { code: thrown.code, reason: thrown.message };
  if (thrown instanceof WireError) return { code: responseCodes.FORMERR, reason: thrown.message };
  if (!(thrown instanceof DetailedError)) throw thrown;
  const isForbidden = thrown.category !== "internal" && thrown.category !== "unavailable";
  return {
    code: isForbidden ? responseCodes.REFUSED : responseCodes.SERVFAIL,
    reason: thrown.message,
  };
}
