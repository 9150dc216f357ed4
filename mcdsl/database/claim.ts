import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { DetailedError, messageOf } from "../errors.ts";

/** Time for a predecessor to be gone. */
const waitMs = 2_000;
const busy = 5;

/** How an error speaks of a claim. */
export interface ClaimWords {
  /** Code of the error where somebody else holds it, e.g. `AGENT_ALREADY_RUNS`. */
  readonly code: string;
  /** What is claimed, e.g. `the registry`. */
  readonly what: string;
  /** Who may hold it, e.g. `another agent`. */
  readonly holder: string;
}

/** Makes this process the only one that works with a file until it disposes the claim or ends, however that comes: the
 * lock is the operating system's, held through a database of its own, `<file>.claim`.
 * @throws DetailedError with the code of `words`, and DATABASE_UNREADABLE */
export function claimFile(file: string, { code, what, holder }: ClaimWords): Disposable {
  const sql = openClaim(file, what);
  try {
    sql.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    sql.close();
    if ((cause as { errcode?: number }).errcode !== busy) throw cause;
    throw new DetailedError({
      code,
      category: "failed-precondition",
      attempted: `claim ${what}`,
      subject: file,
      found: `${holder} works with it`,
      remedy: "stop that one, or configure another path",
      cause,
    });
  }
  return { [Symbol.dispose]: () => sql.close() };
}

function openClaim(file: string, what: string): DatabaseSync {
  const path = `${file}.claim`;
  try {
    closeSync(openSync(path, "a", 0o600));
    return new DatabaseSync(path, { timeout: waitMs });
  } catch (cause) {
    throw new DetailedError({
      code: "DATABASE_UNREADABLE",
      category: "failed-precondition",
      attempted: `claim ${what}`,
      subject: file,
      found: messageOf(cause),
      remedy: "correct its path in the configuration, or make its directory, for the user that this runs as",
      cause,
    });
  }
}
