import { DetailedError, messageOf } from "../errors.ts";

/** Primary result codes of SQLite that a disk which is full, failing or read-only leads to:
 * https://sqlite.org/rescode.html */
const readOnly = 8;
const ioError = 10;
const full = 13;

/** What a full or failing disk under a database is called towards callers. Undefined: it is something else. */
export function databaseWriteFailure(thrown: unknown): DetailedError | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown)) return undefined;
  const code = Number(thrown.errcode) & 0xff;
  if (code !== full && code !== ioError && code !== readOnly) return undefined;
  return new DetailedError({
    code: "DATABASE_WRITE_FAILED",
    category: "resource-exhausted",
    attempted: "write",
    subject: "the database",
    found: messageOf(thrown),
    remedy:
      code === full
        ? "free some space on the disk of the service's database, and try again"
        : "look at the health of the disk of the service's database, and try again",
    cause: thrown,
  });
}
