import { DetailedError, messageOf } from "../errors.ts";
import { systemCodeOf } from "../system-code.ts";

/** Where two transactions got into each other's way, and one of them has to run again; the last one is of a lock that others
 * did not let go of in time. A unique or foreign key that is
 * violated may come from the same: https://www.postgresql.org/docs/15/transaction-iso.html#XACT-SERIALIZABLE */
const serializationFailures = new Set(["40001", "40P01", "55P03"]);
const takenKeys = new Set(["23505", "23503"]);

/** The server ends, starts, or is in recovery; the connection is gone; only reading is possible just now. */
const gone = /^(?:57P0[1-5]|08\w{3}|25006|53300)$/;
const broken = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
const brokenMessage =
  /connection terminated|connection ended|not queryable|timeout exceeded when trying to connect/iu;
/** What TLS finds wrong with the server's certificate. */
const distrusted = /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_)/;
const timedOutMessage = /query read timeout/iu;

// https://www.postgresql.org/docs/15/errcodes-appendix.html
/** PostgreSQL keeps no NUL in texts, also not to compare with. */
const noText = "22021";
const diskFull = "53100";
const ioError = "58030";
const statementTimeout = "57014";
const idleTimeout = "25P03";

/** Whether another transaction got into the way of this one, which would have succeeded without it. */
export function isOthersFault(thrown: unknown): boolean {
  return serializationFailures.has(systemCodeOf(thrown));
}

/** Whether a unique or foreign key was violated: perhaps only since another transaction got into the way. */
export function isTakenKey(thrown: unknown): boolean {
  return takenKeys.has(systemCodeOf(thrown));
}

/** Whether another connection may help. */
export function isConnectionFailure(thrown: unknown): boolean {
  const code = systemCodeOf(thrown);
  if (gone.test(code) || broken.has(code)) return true;
  return thrown instanceof Error && code === "" && brokenMessage.test(thrown.message);
}

/** What a failure of PostgreSQL is called towards callers. What it does not know it returns as it is.
 * @param subject the database as it may be shown */
export function postgresFailure(subject: string, thrown: unknown): unknown {
  if (thrown instanceof DetailedError) return thrown;
  const code = systemCodeOf(thrown);
  const common = { subject, found: messageOf(thrown), cause: thrown };
  if (code === noText) {
    return new DetailedError({
      code: "TEXT_REFUSED",
      category: "invalid-argument",
      attempted: "read the request",
      found: "a text in it has a NUL character",
      remedy: "leave it out",
      cause: thrown,
    });
  }
  if (code === diskFull || code === ioError) {
    return new DetailedError({
      ...common,
      code: "DATABASE_WRITE_FAILED",
      category: "resource-exhausted",
      attempted: "write",
      remedy: "look at the disk of the database server, and try again",
    });
  }
  if (
    code === statementTimeout ||
    code === idleTimeout ||
    (thrown instanceof Error && timedOutMessage.test(thrown.message))
  ) {
    return new DetailedError({
      ...common,
      code: "DATABASE_TIMEOUT",
      category: "unavailable",
      attempted: "use database",
      remedy: "try again; if it stays so, look at the load of the database server",
    });
  }
  if (serializationFailures.has(code)) {
    return new DetailedError({
      ...common,
      code: "DATABASE_BUSY",
      category: "unavailable",
      attempted: "change database",
      found: "others changed the same all the time",
      remedy: "try again in a moment",
    });
  }
  if (isConnectionFailure(thrown) || distrusted.test(code) || code.startsWith("28") || code === "3D000") {
    return new DetailedError({
      ...common,
      code: "DATABASE_UNAVAILABLE",
      category: "unavailable",
      attempted: "use database",
      remedy: "check that the database server runs and lets this service in",
    });
  }
  return thrown;
}
