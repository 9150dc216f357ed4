import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Name } from "../wire/name.ts";

/** What the database's own failures, such as a full disk, are called towards callers; all else stays as it is. */
export function writeFailure(zone: Name, thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !("errcode" in thrown)) return thrown;
  return new DetailedError({
    code: "DATABASE_WRITE_FAILED",
    category: "unavailable",
    attempted: "change",
    subject: zone,
    found: `the database could not be written, and nothing was changed: ${messageOf(thrown)}`,
    remedy: "look at the free space and the health of the server's disk, and try again",
    cause: thrown,
  });
}
